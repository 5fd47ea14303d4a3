// SPDX-License-Identifier: Apache-2.0
// --publish and --expose, as docker reads them (docs.docker.com, "docker container run", Publish or expose port):
// [address:][port of the host:]port of the container[/protocol], with ranges, or target=,published=,protocol=,mode=.

import { ipVersion } from '../../util/ip-version.js';
import type { ContainerPort, PortProtocol, PortRange, PublishRequest } from '../../spec/ports.js';
import { InvalidArgument } from '../option.js';
import { parseCsv } from './csv.js';

const largestPort = 65_535;

/** @throws InvalidArgument naming the part that is wrong */
export const readPublish = (text: string): readonly PublishRequest[] => {
  const [rest, protocol] = splitProtocol(text.includes('=') ? toShortForm(text) : text);
  const { address, host, container } = splitParts(rest);
  const inside = readRange(container, 'containerPort', text);
  const outside = host === '' ? undefined : readHostRange(host, text);
  if (outside !== undefined && sizeOf(outside) !== sizeOf(inside) && sizeOf(inside) !== 1) {
    throw new InvalidArgument(`invalid ranges specified for container and host ports: ${container} and ${host}`);
  }
  const hostAddress = readAddress(address);
  return portsOf(inside).map((port, index) => ({
    port,
    protocol,
    ...(hostAddress === undefined ? {} : { hostAddress }),
    ...(outside === undefined ? {} : { hostPorts: sizeOf(inside) === 1 ? outside : single(outside.first + index) }),
  }));
};

/** port[-port][/protocol] */
export const readExpose = (text: string): readonly ContainerPort[] => {
  if (text.includes(':')) throw new InvalidArgument(`invalid port format for --expose: ${text}`);
  const [rest, protocol] = splitProtocol(text);
  return portsOf(readRange(rest, 'port', text)).map((port) => ({ port, protocol }));
};

const single = (port: number): PortRange => ({ first: port, last: port });
const sizeOf = ({ first, last }: PortRange): number => last - first + 1;
const portsOf = (range: PortRange): readonly number[] =>
  Array.from({ length: sizeOf(range) }, (_, index) => range.first + index);

const splitProtocol = (text: string): readonly [string, PortProtocol] => {
  const [rest = '', given = 'tcp', ...more] = text.split('/');
  const protocol = given.toLowerCase();
  if (more.length === 0 && (protocol === 'tcp' || protocol === 'udp')) return [rest, protocol];
  throw new InvalidArgument(`invalid proto: ${[given, ...more].join('/')}: tcp and udp can be published`);
};

/** An IPv6 address has colons of its own: the last two are ours. */
const splitParts = (text: string): { readonly address: string; readonly host: string; readonly container: string } => {
  const parts = text.split(':');
  const [container = '', host = ''] = [parts.at(-1), parts.length > 1 ? parts.at(-2) : ''];
  return { address: parts.slice(0, -2).join(':'), host, container };
};

const readAddress = (text: string): string | undefined => {
  if (text === '') return undefined;
  const address = text.replace(/^\[(.*)\]$/, '$1');
  if (ipVersion(address) === 0 || (address !== text && ipVersion(address) !== 6)) {
    throw new InvalidArgument(`invalid IP address: ${text}`);
  }
  if (/^fe[89ab]/i.test(address)) {
    throw new InvalidArgument(`invalid IP address: ${text}: a link-local address belongs to an interface of the host`);
  }
  return address;
};

const readRange = (text: string, what: string, whole: string): PortRange => {
  if (text === '') throw new InvalidArgument(`no port specified: ${whole}`);
  const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text);
  const range = { first: Number(match?.[1]), last: Number(match?.[2] ?? match?.[1]) };
  const isValid = match !== null && range.first >= 1 && range.last <= largestPort;
  if (match !== null && range.first > range.last)
    throw new InvalidArgument(`invalid ${what}: ${text}: a range goes from the lower port to the higher one`);
  if (!isValid) throw new InvalidArgument(`invalid ${what}: ${text}: a port is 1 to ${String(largestPort)}`);
  return range;
};

/** 0 is docker's other word for any free port. */
const readHostRange = (text: string, whole: string): PortRange | undefined =>
  /^0+$/.test(text) ? undefined : readRange(text, 'hostPort', whole);

/** target=80,published=8080,protocol=tcp */
const toShortForm = (text: string): string => {
  const fields = new Map(
    parseCsv(text).map((field) => {
      const separator = field.indexOf('=');
      return [field.slice(0, separator).toLowerCase(), field.slice(separator + 1)] as const;
    }),
  );
  for (const [name, value] of fields) {
    if (!['target', 'published', 'protocol', 'mode'].includes(name))
      throw new InvalidArgument(`invalid field key ${JSON.stringify(name)}: use target, published, protocol and mode`);
    if (name === 'mode' && value !== 'host' && value !== 'ingress')
      throw new InvalidArgument(`invalid publish mode: ${value}`);
  }
  const published = fields.get('published');
  return `${published === undefined ? '' : `${published}:`}${fields.get('target') ?? ''}/${fields.get('protocol') ?? 'tcp'}`;
};
