// SPDX-License-Identifier: Apache-2.0
// The rows of `ps`, by docker's filters (docs.docker.com, "docker container ls", Filtering).

import { sampanError } from '../../errors/sampan-error.js';
import { filesOf, listContainerIds, type ContainerRecord } from '../../store/container-records.js';
import type { ContainerSummary, ListFilter } from '../contract.js';
import { hasLabel, matchesName, refuseOtherValues } from '../filter-values.js';
import type { ContainerContext } from './context.js';
import { healthOf } from './health.js';
import { summaryOf } from './inspect.js';
import { endpointsOf } from './network-settings.js';
import { hasPort, publicPortsOf, refuseOtherPorts } from './port-filter.js';
import { isReadable, isUnreadable, seeContainer, type UnreadableContainer } from './see.js';

type Matcher = (row: ContainerSummary, values: readonly string[], all: readonly ContainerSummary[]) => boolean;

const some = (values: readonly string[], test: (value: string) => boolean): boolean => values.some(test);

/** Several values of one filter are alternatives, except labels, which all have to match. */
const matchers: Readonly<Record<string, Matcher>> = {
  id: (row, values) => some(values, (value) => row.id.startsWith(value)),
  name: (row, values) => some(values, (value) => matchesName(row.name, value) || matchesName(`/${row.name}`, value)),
  label: (row, values) => values.every((value) => hasLabel(row.labels, value)),
  status: (row, values) => some(values, (value) => value === row.status),
  health: (row, values) => some(values, (value) => value === (row.health ?? 'none')),
  exited: (row, values) => row.status === 'exited' && some(values, (value) => Number(value) === row.exitCode),
  ancestor: (row, values) =>
    some(
      values,
      (value) =>
        [row.image, row.imageId, row.imageId.replace('sha256:', '').slice(0, 12)].includes(value) ||
        row.image === `${value}:latest`,
    ),
  volume: (row, values) => some(values, (value) => row.mounts.includes(value)),
  network: (row, values) => some(values, (value) => row.networks.includes(value)),
  publish: (row, values) => hasPort(publicPortsOf(row.ports), values),
  expose: (row, values) => hasPort(row.ports, values),
  before: (row, values, all) => some(values, (value) => row.createdAt < createdOf(all, value)),
  since: (row, values, all) => some(values, (value) => row.createdAt > createdOf(all, value)),
};

const healthValues = ['starting', 'healthy', 'unhealthy', 'none'];

/** Newest first. @throws ERR_INVALID_VALUE for an unknown filter */
export const listContainers = async (
  context: ContainerContext,
  filter: ListFilter,
): Promise<readonly ContainerSummary[]> => {
  for (const name of Object.keys(filter.filters)) {
    if (!Object.hasOwn(matchers, name)) {
      throw sampanError('ERR_INVALID_VALUE', {
        subject: `filter ${name}`,
        hint: `known filters: ${Object.keys(matchers).join(', ')}`,
      });
    }
  }
  refuseOtherValues(filter.filters, 'health', healthValues);
  refuseOtherPorts(filter.filters);
  const every = (await Promise.all(listContainerIds(context.paths).map((id) => rowOf(context, id, filter.size))))
    .filter((row) => row !== undefined)
    .sort((a, b) => (a.createdAt < b.createdAt ? 1 : -1));
  // Filters that speak of a state show all states, as docker's do.
  const showAll = filter.all || filter.last > 0 || 'status' in filter.filters || 'exited' in filter.filters;
  const rows = every
    .filter((row) => showAll || row.status === 'running' || row.status === 'restarting')
    .filter((row) =>
      Object.entries(filter.filters).every(([name, values]) => matchers[name]?.(row, values, every) === true),
    );
  return filter.last > 0 ? rows.slice(0, filter.last) : rows;
};

const rowOf = async (context: ContainerContext, id: string, size: boolean): Promise<ContainerSummary | undefined> => {
  const seen = seeContainer(context.paths, id);
  if (seen === undefined) return undefined;
  if (!isReadable(seen)) return deadRow(seen);
  try {
    const { record, files, state } = seen;
    const networks = endpointsOf(context.paths, files);
    const sizes = size ? await sizesOf(context, record) : undefined;
    return summaryOf({ record, state, health: healthOf(record, files, state), networks, sizes });
  } catch (error) {
    if (isUnreadable(error)) return deadRow({ ...seen, remains: { ...seen.record, processes: [] }, error });
    throw error;
  }
};

/** Shown, so that it can be removed. docker calls a container dead that nothing but removal is possible with. */
const deadRow = ({ id, remains }: UnreadableContainer): ContainerSummary => ({
  id,
  name: remains.name ?? id.slice(0, 12),
  image: remains.imageName ?? '',
  imageId: remains.imageId ?? '',
  command: [],
  createdAt: remains.createdAt ?? noTime,
  status: 'dead',
  labels: {},
  mounts: [],
  networks: [],
  ports: [],
});

const noTime = '1970-01-01T00:00:00Z';

/** Bytes of the writable layer, and of it with the image's layers below. */
export const sizesOf = async (
  context: ContainerContext,
  record: ContainerRecord,
): Promise<{ readonly rw: number; readonly rootFs: number }> => {
  const files = filesOf(context.paths, record.id);
  const rw = await context.treeUsage(record.layers.length > 0 ? files.upper : files.host);
  const layers = await Promise.all(record.layers.map((chainId) => context.layerSize(chainId)));
  return { rw, rootFs: layers.reduce((sum, bytes) => sum + bytes, rw) };
};

const createdOf = (all: readonly ContainerSummary[], nameOrId: string): string => {
  const row = all.find(({ id, name }) => name === nameOrId || id.startsWith(nameOrId));
  if (row !== undefined) return row.createdAt;
  throw sampanError('ERR_CONTAINER_NOT_FOUND', { subject: nameOrId });
};
