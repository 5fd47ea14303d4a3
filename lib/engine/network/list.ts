// SPDX-License-Identifier: Apache-2.0
// The rows of `network ls`, by docker's filters (docs.docker.com, "docker network ls", Filtering).

import { sampanError } from '../../errors/sampan-error.js';
import { listNetworks, type NetworkRecord } from '../../store/network-records.js';
import type { ContainerContext } from '../container/context.js';
import { hasLabel, instantOf, matchesName, refuseOtherValues } from '../filter-values.js';
import type { NetworkSummary } from './contract.js';
import { defaultNetworkName } from './find.js';
import { builtInId } from './ids.js';
import { networkMembers } from './members.js';

/** A network, or one of the modes that docker lists as networks too. */
export type Listed = Pick<NetworkRecord, 'id' | 'name' | 'createdAt' | 'internal' | 'labels' | 'ipv6'> & {
  readonly driver: string;
};

type Matcher = (network: Listed, values: readonly string[], context: ContainerContext) => boolean;

const matchers: Readonly<Record<string, Matcher>> = {
  id: ({ id }, values) => values.some((value) => id.startsWith(value)),
  name: ({ name }, values) => values.some((value) => matchesName(name, value)),
  driver: ({ driver }, values) => values.includes(driver),
  scope: (_, values) => values.includes('local'),
  type: (network, values) => values.includes(isBuiltIn(network) ? 'builtin' : 'custom'),
  label: ({ labels }, values) => values.every((value) => hasLabel(labels, value)),
  'label!': ({ labels }, values) => !values.some((value) => hasLabel(labels, value)),
  dangling: (network, values, context) =>
    values.some((value) => ['true', '1'].includes(value) === isDangling(network, context)),
  until: ({ createdAt }, values) => values.every((value) => Date.parse(createdAt) < instantOf(value)),
};

/** By name, the built-in ones among them. @throws ERR_INVALID_VALUE for an unknown filter */
export const listFiltered = (
  context: ContainerContext,
  filters: Readonly<Record<string, readonly string[]>>,
  {
    known = Object.keys(matchers).filter((name) => name !== 'until' && name !== 'label!'),
  }: { readonly known?: readonly string[] } = {},
): readonly Listed[] => {
  const unknown = Object.keys(filters).find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw sampanError('ERR_INVALID_VALUE', {
      subject: `filter ${unknown}`,
      hint: `known filters: ${known.join(', ')}`,
    });
  }
  refuseOtherValues(filters, 'type', ['builtin', 'custom']);
  refuseOtherValues(filters, 'dangling', ['true', 'false', '1', '0']);
  return [...listNetworks(context.paths), ...modes()]
    .filter((network) => matches(network, filters, context))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
};

const modes = (): readonly Listed[] =>
  (['host', 'none'] as const).map((name) => ({
    id: builtInId(name),
    name,
    driver: name === 'host' ? 'host' : 'null',
    createdAt: '0001-01-01T00:00:00Z',
    internal: false,
    labels: {},
  }));

const matches = (
  network: Listed,
  filters: Readonly<Record<string, readonly string[]>>,
  context: ContainerContext,
): boolean => Object.entries(filters).every(([name, values]) => matchers[name]?.(network, values, context) === true);

export const summaryOf = (network: Listed): NetworkSummary => ({
  id: network.id,
  name: network.name,
  driver: network.driver,
  scope: 'local',
  createdAt: network.createdAt,
  ipv6: network.ipv6 !== undefined,
  internal: network.internal,
  labels: network.labels,
});

const isBuiltIn = ({ name }: Listed): boolean => name === defaultNetworkName || name === 'host' || name === 'none';

const isDangling = (network: Listed, { paths }: ContainerContext): boolean =>
  !isBuiltIn(network) && networkMembers(paths, network.id).length === 0;
