// SPDX-License-Identifier: Apache-2.0
// Ports that are published, or taken back, when the container exists already: written down for its next starts, and
// when it runs, netd does it at once.
//
// How this works: netd first, then the record, then the run record. Killed in between, the same command again finishes
// it: what netd has and the run record does not say is taken back before anything else, and a port that is not published
// any more counts as done.

import { isSampanError, sampanError } from '../../errors/sampan-error.js';
import { HelperFailure } from '../../native/helper.js';
import { formatDescription, parsePublished } from '../../network/description.js';
import { errnoOf } from '../../network/netd.js';
import { planError } from '../../runtime/plan-failure.js';
import { networkKind } from '../../spec/network-mode.js';
import { refuseTooManyPorts, type PublishedPort, type PublishRequest } from '../../spec/ports.js';
import { readEndpoints } from '../../store/container-networks.js';
import { readRunRecord, writeContainerRecord, writeRunRecord, type RunRecord } from '../../store/container-records.js';
import type { LiveEndpoint } from '../network/assign.js';
import { wayOutOf } from '../network/live.js';
import type { ContainerContext } from './context.js';
import { lockContainer, runsSteadily, type LockedContainer } from './find.js';
import { withPortOwner } from './port-owner.js';
import { placesMeant, placesOf, requestsMeant, withoutPlaces } from './port-places.js';
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
  refuseTooManyPorts([...found.record.ports.publish, ...wanted]);
  const run = currentRun(found);
  if (run === undefined) {
    writePorts(found, (recorded) => withRequests(recorded, wanted, undefined));
    return [];
  }
  const published = run.publishedPorts ?? [];
  const wayOut = currentWayOut(context, found);
  refuseTwice(published, wanted, found.record.name);
  await takeBackUnrecorded(context, found, published, wayOut);
  const added = parsePublished(await changePorts(context, found, 'netPublish', wanted, wayOut));
  try {
    writePorts(found, (recorded) => withRequests(recorded, wanted, published));
    writeRunRecord(found.files, { ...run, publishedPorts: [...published, ...added] });
  } catch (error) {
    await changePorts(context, found, 'netWithdraw', asRequests(added), wayOut);
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
  const wayOut = currentWayOut(context, found);
  // Without a way out, published ports rest: netd has none of them.
  if (run === undefined || wayOut === undefined) {
    const meant = requestsMeant(record.ports.publish, unwanted, record.name);
    writePorts(found, (recorded) =>
      recorded.filter((request) => !meant.some((one) => textOf(one) === textOf(request))),
    );
    return;
  }
  const published = run.publishedPorts ?? [];
  await takeBackUnrecorded(context, found, published, wayOut);
  const places = placesOf(published, unwanted, record.name);
  await changePorts(context, found, 'netWithdraw', asRequests(places), wayOut);
  writePorts(found, (recorded) => withoutPlaces(recorded, published, places));
  writeRunRecord(found.files, { ...run, publishedPorts: published.filter((port) => !places.includes(port)) });
};

/**
 * Another network leads out of the container now, or none does: what it publishes goes along. Nothing changes when it
 * has gone there already.
 * @throws ERR_PORT_TAKEN, ERR_NETD
 */
export const movePorts = async (
  context: ContainerContext,
  found: LockedContainer,
  wayOut: LiveEndpoint | undefined,
): Promise<void> => {
  const run = currentRun(found);
  const published = run?.publishedPorts ?? [];
  const wanted = published.length > 0 ? asRequests(published) : found.record.ports.publish;
  if (run === undefined || wanted.length === 0) return;
  const write = (publishedPorts: readonly PublishedPort[]): void => {
    writeRunRecord(found.files, { ...run, publishedPorts });
  };
  if (wayOut === undefined) {
    write([]);
    return;
  }
  try {
    await takeBackUnrecorded(context, found, published, wayOut);
    write(parsePublished(await changePorts(context, found, 'netPublish', wanted, wayOut)));
  } catch (error) {
    write([]);
    throw error;
  }
};

/** What a killed command has published without saying so. */
const takeBackUnrecorded = async (
  context: ContainerContext,
  found: LockedContainer,
  recorded: readonly PublishedPort[],
  wayOut: LiveEndpoint | undefined,
): Promise<void> => {
  if (wayOut === undefined) return;
  const known = new Set(recorded.map(placeText));
  const all = parsePublished(await changePorts(context, found, 'netPublish', [], wayOut));
  const unknown = all.filter((port) => !known.has(placeText(port)));
  if (unknown.length > 0) await changePorts(context, found, 'netWithdraw', asRequests(unknown), wayOut);
};

const placeText = ({ port, protocol, hostAddress, hostPort }: PublishedPort): string =>
  `${hostAddress} ${String(hostPort)} ${String(port)}/${protocol}`;

/** In an order in which many can be told in few lines. */
const asRequests = (places: readonly PublishedPort[]): readonly PublishRequest[] =>
  places
    .map(asRequest)
    .sort(
      (one, other) =>
        (one.hostAddress ?? '').localeCompare(other.hostAddress ?? '') ||
        one.protocol.localeCompare(other.protocol) ||
        one.port - other.port,
    );

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

const currentWayOut = ({ paths }: ContainerContext, { files }: LockedContainer): LiveEndpoint | undefined =>
  wayOutOf(paths, readEndpoints(files));

/** netd would take what is published as exactly that already as done. */
const refuseTwice = (published: readonly PublishedPort[], wanted: readonly PublishRequest[], name: string): void => {
  const taken = published.find((port) =>
    wanted.some(
      ({ protocol, port: inside, hostAddress = port.hostAddress, hostPorts }) =>
        port.hostAddress === hostAddress &&
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

/**
 * What a killed command has written already is not written twice: of a request for a certain port there is one only, of
 * one for any port there are as many as have been given one.
 * @param published undefined when the container does not run
 */
const withRequests = (
  recorded: readonly PublishRequest[],
  wanted: readonly PublishRequest[],
  published: readonly PublishedPort[] | undefined,
): readonly PublishRequest[] => {
  const isWritten = (request: PublishRequest): boolean => {
    const same = recorded.filter((one) => textOf(one) === textOf(request)).length;
    if (request.hostPorts !== undefined) return same > 0;
    if (published === undefined) return false;
    return same > new Set(placesMeant(published, [request]).map(({ hostPort }) => hostPort)).size;
  };
  return [...recorded, ...wanted.filter((request) => !isWritten(request))];
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
  wayOut: LiveEndpoint | undefined,
): Promise<string> => {
  try {
    return await tellNetd(context, found, { type, text: descriptionOf(found, publish, wayOut) });
  } catch (error) {
    throw withPortOwner(context.paths, portError(error));
  }
};

const descriptionOf = (
  found: LockedContainer,
  publish: readonly PublishRequest[],
  live: LiveEndpoint | undefined,
): string => {
  if (live === undefined) throw noWayOut();
  const endpoints = [{ ...describeEndpoint(live, true), publish }];
  return formatDescription({ id: found.record.id, hostnames: [], resolvers: [], endpoints });
};

/** As a start says it. */
const portError = (error: unknown): unknown => {
  if (!isSampanError(error, 'ERR_NETD') || error.errno === undefined) return error;
  if (!['EADDRINUSE', 'EACCES', 'EADDRNOTAVAIL', 'E2BIG', 'EMFILE', 'ENFILE'].includes(errnoOf(error))) return error;
  const { errno, subject } = error;
  return planError(
    new HelperFailure({ stage: 'monitor', operation: 'network_lease', index: 0, errno, subject, detail: 'bind' }),
  );
};
