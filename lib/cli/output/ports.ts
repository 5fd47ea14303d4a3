// SPDX-License-Identifier: Apache-2.0
// The PORTS column of `ps`, as docker writes it: ports that follow each other and keep their number on the host are one
// group, e.g. 0.0.0.0:80-82->80-82/tcp, [::]:8080->90/tcp, 53/udp.

import { ipVersion } from '../../util/ip-version.js';
import type { PortSummary } from '../../engine/contract.js';
import { portKey, type PublishedPort } from '../../spec/ports.js';

interface Group {
  readonly address: string | undefined;
  readonly protocol: string;
  readonly first: number;
  readonly last: number;
}

/** Order: groups that are followed by another of their kind, the last groups, then ports whose number changes. */
export const shownPorts = (ports: readonly PortSummary[]): string => {
  const last = new Map<string, Group>();
  const ended: Group[] = [];
  const moved: string[] = [];
  for (const { port, protocol, hostAddress: address, hostPort } of [...ports].sort(comparePorts)) {
    if (address !== undefined && hostPort !== port) {
      moved.push(`${hostAndPort(address, String(hostPort))}->${String(port)}/${protocol}`);
      continue;
    }
    const key = `${address ?? ''}/${protocol}`;
    const group = last.get(key);
    const goesOn = group?.last === port - 1;
    if (group !== undefined && !goesOn) ended.push(group);
    last.set(key, { address, protocol, first: goesOn ? group.first : port, last: port });
  }
  return [...[...ended, ...last.values()].map(groupText), ...moved].join(', ');
};

const groupText = ({ address, protocol, first, last }: Group): string => {
  const range = first === last ? String(first) : `${String(first)}-${String(last)}`;
  return `${address === undefined ? range : `${hostAndPort(address, range)}->${range}`}/${protocol}`;
};

/** An IPv6 address stands in brackets before a port. */
export const hostAndPort = (address: string, port: string): string =>
  address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;

const comparePorts = (a: PortSummary, b: PortSummary): number =>
  a.port - b.port ||
  compareAddresses(a.hostAddress ?? '', b.hostAddress ?? '') ||
  (a.hostPort ?? 0) - (b.hostPort ?? 0) ||
  a.protocol.localeCompare(b.protocol);

const compareAddresses = (a: string, b: string): number =>
  ipVersion(a) - ipVersion(b) || a.localeCompare(b, 'en', { numeric: true });

/** In the order in which docker's `port` lists them. */
export const sortedPlaces = (published: readonly PublishedPort[]): readonly PublishedPort[] =>
  published.toSorted(
    (a, b) =>
      a.port - b.port ||
      a.protocol.localeCompare(b.protocol) ||
      compareAddresses(a.hostAddress, b.hostAddress) ||
      a.hostPort - b.hostPort,
  );

/** Of `port`: one line for each place on the host. */
export const placeList = (published: readonly PublishedPort[]): string =>
  sortedPlaces(published)
    .map((port) => `${portKey(port)} -> ${placeOf(port)}\n`)
    .join('');

export const placeOf = ({ hostAddress, hostPort }: PublishedPort): string => hostAndPort(hostAddress, String(hostPort));
