// SPDX-License-Identifier: Apache-2.0
// Ports of a container: those it says it listens on, and those that are to be published on the host.

import { sampanError } from '../errors/sampan-error.js';

export type PortProtocol = 'tcp' | 'udp';

export interface ContainerPort {
  /** 1..65535 */
  readonly port: number;
  readonly protocol: PortProtocol;
}

/** Both ends included. */
export interface PortRange {
  readonly first: number;
  readonly last: number;
}

/** One -p: a port of the container, and where on the host it shall be reached. */
export interface PublishRequest extends ContainerPort {
  /** absent: every address of the host, IPv4 and IPv6 */
  readonly hostAddress?: string;
  /** absent: any free port; a range of several: the first free one in it */
  readonly hostPorts?: PortRange;
}

/** One place on the host where a port of the container is reached. */
export interface PublishedPort extends ContainerPort {
  readonly hostAddress: string;
  readonly hostPort: number;
}

/** As docker writes it: 80/tcp. */
export const portKey = ({ port, protocol }: ContainerPort): string => `${String(port)}/${protocol}`;

/** @returns undefined when the text is not port/protocol as portKey() writes it */
const parsePortKey = (text: string): ContainerPort | undefined => {
  const match = /^(\d{1,5})\/(tcp|udp)$/.exec(text);
  const port = Number(match?.[1]);
  if (match === null || port < 1 || port > 65_535) return undefined;
  return { port, protocol: match[2] === 'udp' ? 'udp' : 'tcp' };
};

const compareContainerPorts = (a: ContainerPort, b: ContainerPort): number =>
  a.port - b.port || a.protocol.localeCompare(b.protocol);

/** The ports of a new container. */
export interface ContainerPorts {
  /** what it listens on by its own account, its image's, or because it is published */
  readonly exposed: readonly ContainerPort[];
  readonly publish: readonly PublishRequest[];
}

export interface PortsInput {
  readonly exposed: readonly ContainerPort[];
  readonly publish: readonly PublishRequest[];
  /** -P: every exposed port that is not published yet, at a free port */
  readonly publishAll: boolean;
  /** ExposedPorts of the image's config; what is no port there is nothing */
  readonly ofImage: readonly string[];
}

/** Each is a listener for every address and a rule of the kernel's, which looks through all of them. */
const mostPublished = 4096;

/** @throws ERR_PORT_REFUSED */
export const refuseTooManyPorts = (publish: readonly PublishRequest[]): void => {
  if (publish.length <= mostPublished) return;
  throw sampanError('ERR_PORT_REFUSED', {
    subject: `${String(publish.length)} ports of one container`,
    hint: `publish at most ${String(mostPublished)}, or use --network host, where nothing has to be published`,
  });
};

export const mergePorts = ({ exposed, publish, publishAll, ofImage }: PortsInput): ContainerPorts => {
  const inherited = ofImage.map((text) => parsePortKey(text.includes('/') ? text : `${text}/tcp`));
  const known = [...inherited.filter((port) => port !== undefined), ...exposed, ...publish];
  const unique = [
    ...new Map(known.map(({ port, protocol }) => [portKey({ port, protocol }), { port, protocol }])).values(),
  ].sort(compareContainerPorts);
  const published = new Set(publish.map(portKey));
  const exposedToo = publishAll ? unique.filter((port) => !published.has(portKey(port))) : [];
  const all = [...publish, ...exposedToo];
  refuseTooManyPorts(all);
  return { exposed: unique, publish: all };
};
