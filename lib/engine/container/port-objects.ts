// SPDX-License-Identifier: Apache-2.0
// Ports as docker's API shows them (Docker Engine API 1.47: PortMap, PortSet, Port).

import { portKey, type ContainerPort, type PublishedPort, type PublishRequest } from '../../spec/ports.js';
import { networkKind } from '../../spec/network-mode.js';
import type { PortSummary } from '../contract.js';

interface Binding {
  readonly HostIp: string;
  readonly HostPort: string;
}

/** Without a network of its own, nothing can be published and nothing is shown. */
export const hasPorts = (network: string): boolean => networkKind(network) === 'bridge';

export const exposedSet = (ports: readonly ContainerPort[]): Readonly<Record<string, object>> =>
  Object.fromEntries(ports.map((port) => [portKey(port), {}]));

/** What was asked for. */
export const portBindings = (requests: readonly PublishRequest[]): Readonly<Record<string, readonly Binding[]>> =>
  bindingsOf(
    requests.map((request) => [
      portKey(request),
      { HostIp: request.hostAddress ?? '', HostPort: rangeText(request.hostPorts) },
    ]),
  );

const rangeText = (range: PublishRequest['hostPorts']): string => {
  if (range === undefined) return '';
  return range.first === range.last ? String(range.first) : `${String(range.first)}-${String(range.last)}`;
};

/** What is: null for an exposed port that is not published. */
export const portMap = (
  exposed: readonly ContainerPort[],
  published: readonly PublishedPort[],
): Readonly<Record<string, readonly Binding[] | null>> => ({
  ...Object.fromEntries(exposed.map((port) => [portKey(port), null])),
  ...bindingsOf(
    published.map((port) => [portKey(port), { HostIp: port.hostAddress, HostPort: String(port.hostPort) }]),
  ),
});

export const portSummaries = (
  exposed: readonly ContainerPort[],
  published: readonly PublishedPort[],
): readonly PortSummary[] => {
  const shown = new Set(published.map(portKey));
  return [...published, ...exposed.filter((port) => !shown.has(portKey(port)))];
};

const bindingsOf = (entries: readonly (readonly [string, Binding])[]): Readonly<Record<string, readonly Binding[]>> => {
  const map = new Map<string, Binding[]>();
  for (const [key, binding] of entries) map.set(key, [...(map.get(key) ?? []), binding]);
  return Object.fromEntries(map);
};
