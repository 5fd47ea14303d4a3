// SPDX-License-Identifier: Apache-2.0
// Ports that are published, or taken back, when the container exists already: written down for its next starts, and
// when it runs, netd does it at once.
//
// How this works: netd first, then the record, then the run record. Killed in between, the same command again finishes
// it: netd takes a port that is published as exactly that, and one that is not published any more, as done.

import { isSampanError, sampanError } from '../../errors/sampan-error.js';
import { HelperFailure } from '../../native/helper.js';
import { formatDescription, parsePublished } from '../../network/description.js';
import { errnoOf } from '../../network/netd.js';
import { planError } from '../../runtime/plan-failure.js';
import { networkKind } from '../../spec/network-mode.js';
import type { PublishedPort, PublishRequest } from '../../spec/ports.js';
import { readEndpoints } from '../../store/container-networks.js';
import { readRunRecord, writeContainerRecord, writeRunRecord, type RunRecord } from '../../store/container-records.js';
import { wayOutOf } from '../network/live.js';
import type { ContainerContext } from './context.js';
import { lockContainer, runsSteadily, type LockedContainer } from './find.js';
import { withPortOwner } from './port-owner.js';
import { placesOf, requestsMeant, withoutPlaces } from './port-places.js';
import { describeEndpoint, noWayOut } from './start-network.js';
import { tellNetd } from './tell-netd.js';

/** @returns where they are reached now; nothing of a container that does not run. @throws ERR_PORT_TAKEN, ERR_PORT_REFUSED, ERR_NETD, ERR_NETWORK_* */
export const publishPorts = async (
  context: ContainerContext,
  nameOrId: string,
  wanted: readonly PublishRequest[],
): Promise<readonly PublishedPort[]> => {
  const found = await lockContainer(context.paths, context.locks, nameOrId);
  using _lock = found.lock;
  refuseMode(found);
  const run = currentRun(found);
  if (run === undefined) {
    writePorts(found, (recorded) => withRequests(recorded, wanted));
    return [];
  }
  refuseTwice(run.publishedPorts ?? [], wanted, found.record.name);
  const added = parsePublished(await changePorts(context, found, 'netPublish', wanted));
  try {
    writePorts(found, (recorded) => withRequests(recorded, wanted));
    writeRunRecord(found.files, { ...run, publishedPorts: [...(run.publishedPorts ?? []), ...added] });
  } catch (error) {
    await changePorts(context, found, 'netWithdraw', added.map(asRequest));
    throw error;
  }
  return added;
};

/** @throws ERR_NOT_PUBLISHED, ERR_NETD */
export const withdrawPorts = async (
  context: ContainerContext,
  nameOrId: string,
  unwanted: readonly PublishRequest[],
): Promise<void> => {
  const found = await lockContainer(context.paths, context.locks, nameOrId);
  using _lock = found.lock;
  const { record } = found;
  const run = currentRun(found);
  if (run === undefined) {
    const meant = requestsMeant(record.ports.publish, unwanted, record.name);
    writePorts(found, (recorded) =>
      recorded.filter((request) => !meant.some((one) => textOf(one) === textOf(request))),
    );
    return;
  }
  const published = run.publishedPorts ?? [];
  const places = placesOf(published, unwanted, record.name);
  await changePorts(context, found, 'netWithdraw', places.map(asRequest));
  writePorts(found, (recorded) => withoutPlaces(recorded, published, places));
  writeRunRecord(found.files, { ...run, publishedPorts: published.filter((port) => !places.includes(port)) });
};

/**
 * Another network leads out of the container now, or none does: what it publishes goes along.
 * @throws ERR_PORT_TAKEN, ERR_NETD
 */
export const movePorts = async (context: ContainerContext, found: LockedContainer): Promise<void> => {
  const run = currentRun(found);
  const published = run?.publishedPorts ?? [];
  const wanted = published.length > 0 ? published.map(asRequest) : found.record.ports.publish;
  if (run === undefined || wanted.length === 0) return;
  writeRunRecord(found.files, { ...run, publishedPorts: [] });
  if (wayOutOf(context.paths, readEndpoints(found.files)) === undefined) return;
  const moved = parsePublished(await changePorts(context, found, 'netPublish', wanted));
  writeRunRecord(found.files, { ...run, publishedPorts: moved });
};

const asRequest = ({ port, protocol, hostAddress, hostPort }: PublishedPort): PublishRequest => ({
  port,
  protocol,
  hostAddress,
  hostPorts: { first: hostPort, last: hostPort },
});

const refuseMode = ({ record }: LockedContainer): void => {
  if (networkKind(record.network) === 'bridge') return;
  throw sampanError('ERR_NETWORK_ENDPOINT', {
    subject: `container ${record.name} has network mode ${record.network}: it has no ports of its own to publish`,
    hint: 'create it with --network bridge, or on a network of yours',
  });
};

/** As it is in its file: the monitor's restarts are in a file of their own. */
const currentRun = (found: LockedContainer): RunRecord | undefined => {
  const run = runsSteadily(found) ? readRunRecord(found.files) : undefined;
  return run === 'stale' ? undefined : run;
};

/** netd would take what is published as exactly that already for the rest of a killed command. */
const refuseTwice = (published: readonly PublishedPort[], wanted: readonly PublishRequest[], name: string): void => {
  const taken = published.find((port) =>
    wanted.some(
      ({ protocol, port: inside, hostPorts }) =>
        port.protocol === protocol &&
        port.port === inside &&
        hostPorts?.first === port.hostPort &&
        hostPorts.last === port.hostPort,
    ),
  );
  if (taken === undefined) return;
  throw sampanError('ERR_PORT_TAKEN', {
    subject: `${taken.hostAddress}:${String(taken.hostPort)}/${taken.protocol}`,
    hint: `the container ${name} itself has it: 'sampan port ${name}' lists its ports`,
  });
};

/** What a killed command has written already is not written twice. */
const withRequests = (
  recorded: readonly PublishRequest[],
  wanted: readonly PublishRequest[],
): readonly PublishRequest[] => {
  const known = new Set(recorded.filter(({ hostPorts }) => hostPorts !== undefined).map(textOf));
  return [...recorded, ...wanted.filter((request) => !known.has(textOf(request)))];
};

const textOf = ({ port, protocol, hostAddress, hostPorts }: PublishRequest): string =>
  JSON.stringify([port, protocol, hostAddress, hostPorts?.first, hostPorts?.last]);

type Change = (recorded: readonly PublishRequest[]) => readonly PublishRequest[];

/** What the next start publishes, and what inspect says was asked for (without what -P has added). */
const writePorts = ({ files, record }: LockedContainer, change: Change): void => {
  const { request, ports } = record;
  writeContainerRecord(files, {
    ...record,
    request: { ...request, publish: change(request.publish) },
    ports: { ...ports, publish: change(ports.publish) },
  });
};

const changePorts = async (
  context: ContainerContext,
  found: LockedContainer,
  type: 'netPublish' | 'netWithdraw',
  publish: readonly PublishRequest[],
): Promise<string> => {
  try {
    return await tellNetd(context, found, { type, text: descriptionOf(context, found, publish) });
  } catch (error) {
    throw withPortOwner(context.paths, portError(error));
  }
};

const descriptionOf = (
  context: ContainerContext,
  found: LockedContainer,
  publish: readonly PublishRequest[],
): string => {
  const live = wayOutOf(context.paths, readEndpoints(found.files));
  if (live === undefined) throw noWayOut();
  const endpoints = [{ ...describeEndpoint(live, true), publish }];
  return formatDescription({ id: found.record.id, hostnames: [], resolvers: [], endpoints });
};

/** As a start says it. */
const portError = (error: unknown): unknown => {
  if (!isSampanError(error, 'ERR_NETD') || error.errno === undefined) return error;
  if (!['EADDRINUSE', 'EACCES', 'EADDRNOTAVAIL'].includes(errnoOf(error))) return error;
  const { errno, subject } = error;
  return planError(
    new HelperFailure({ stage: 'monitor', operation: 'network_lease', index: 0, errno, subject, detail: 'bind' }),
  );
};
