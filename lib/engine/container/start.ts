// SPDX-License-Identifier: Apache-2.0
// Starting a container: plan, helper, READY, run record, GO, STARTED. The caller holds the container's lock.
//
// How this works: until GO the init process waits in its finished namespaces, and the helper ends everything when this
// process goes away. The run record is written in between, so that there is never a running container that no record
// names. A failure before or at execve removes the run record again (the helper does, or we do).

import { closeSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { sampanError } from '../../errors/sampan-error.js';
import { DescriptorSlots, encodePlan } from '../../native/plan.js';
import { recordSchema, type PlanOperation } from '../../native/protocol.js';
import { makeCgroup, removeCgroup } from '../../runtime/cgroup.js';
import type { IdMap } from '../../runtime/id-map.js';
import { parsePublished } from '../../network/description.js';
import { hasLostNetd, launchHelper, type Launched } from '../../runtime/launch.js';
import { containerOperations, type TerminalSize } from '../../runtime/plan.js';
import { openSession, prepareSession, type Session } from '../../runtime/session.js';
import type { RuntimeConfig } from '../../spec/runtime-config.js';
import { removeIfThere } from '../../store/atomic.js';
import { readRuntimeConfig, writeRunRecord, type RunRecord } from '../../store/container-records.js';
import { makeDirectories } from '../../store/make-directories.js';
import { readBootId } from '../../util/process-identity.js';
import type { StartOptions } from '../contract.js';
import type { ContainerContext } from './context.js';
import type { LockedContainer } from './find.js';
import { monitorOperations, openDirectory } from './monitor-operations.js';
import { withPortOwner } from './port-owner.js';
import { cleanUp } from './remove.js';
import { openStartNetwork } from './start-network.js';
import { canStart, deriveStatus } from './status.js';
import { signalRun } from './stop.js';

const defaultTerminal: TerminalSize = { columns: 80, rows: 24 };

/** @throws ERR_CONTAINER_RUNNING, and what the plan's failure means */
export const startLocked = async (
  context: ContainerContext,
  found: LockedContainer,
  options: StartOptions,
): Promise<Session | undefined> => {
  if (!canStart(deriveStatus(found.files))) throw sampanError('ERR_CONTAINER_RUNNING', { subject: found.record.name });
  const config = readRuntimeConfig(found.files);
  if (config === undefined) throw sampanError('ERR_STORE_CORRUPT', { subject: found.files.config });
  for (let attempt = 1; ; attempt++) {
    try {
      return await startOnce(context, found, config, options);
    } catch (error) {
      if (attempt === mostAttempts || !hasLostNetd(error)) throw withPortOwner(context.paths, error);
    }
  }
};

/** A netd that was killed is there until the kernel has ended it: who connects to it meanwhile has to find the next. */
const mostAttempts = 3;

const startOnce = async (
  context: ContainerContext,
  found: LockedContainer,
  config: RuntimeConfig,
  options: StartOptions,
): Promise<Session | undefined> => {
  await clearVolatileMarks(context, config);
  const cgroup = makeCgroup(found.id);
  const runtimeDirectory = join(context.paths.runtimeRoot, found.id.slice(0, 12));
  makeDirectories(runtimeDirectory, 0o700);
  try {
    const launched = await launch(context, found, { config, cgroup, runtimeDirectory, options });
    return await go(context, found, launched, { cgroup, runtimeDirectory, options, config });
  } catch (error) {
    rmSync(runtimeDirectory, { recursive: true, force: true });
    if (cgroup !== undefined) removeCgroup(cgroup);
    throw error;
  }
};

/** overlayfs refuses a second mount of a work directory that was mounted volatile (kernel docs, overlayfs.rst). */
const clearVolatileMarks = async (context: ContainerContext, { sampan: { rootfs } }: RuntimeConfig): Promise<void> => {
  if (!rootfs.volatile) return;
  const works = rootfs.kind === 'overlay' ? [rootfs.work] : rootfs.directories.map(({ work }) => work);
  for (const work of works) await context.removeTree(join(work, 'work'));
};

interface RunPlaces {
  readonly config: RuntimeConfig;
  readonly cgroup: string | undefined;
  readonly runtimeDirectory: string;
  readonly options: StartOptions;
}

const launch = async (context: ContainerContext, found: LockedContainer, places: RunPlaces): Promise<Launched> => {
  const slots = new DescriptorSlots();
  const map = mapOf(places.config, context.idMap());
  using network = await openStartNetwork(context, found, map);
  const ours: number[] = [];
  try {
    const directories = new Map<string, number>();
    const own = (fd: number): number => {
      ours.push(fd);
      return slots.add(fd);
    };
    const slotOf = (path: string): number => {
      const slot = directories.get(path) ?? own(openDirectory(path));
      directories.set(path, slot);
      return slot;
    };
    const probeSlotOf = (plan: readonly PlanOperation[]): number =>
      own(context.native().sealedMemfd('sampan-probe', encodePlan(plan)));
    const operations = [
      ...network.operations((fd) => slots.add(fd)),
      ...monitorOperations(context, found, { ...places, slotOf, probeSlotOf }),
      ...containerOperations(places.config, map, places.options.terminal ?? defaultTerminal),
    ];
    const title = `sampan-monitor ${found.record.name}`;
    const launched = await launchHelper(context.native(), {
      role: 'create',
      title,
      operations,
      descriptors: slots.descriptors,
      onSpawned: places.options.attach === undefined ? undefined : prepareSession,
    });
    await network.confirm().catch((error: unknown) => {
      launched.connection.close();
      throw error;
    });
    return launched;
  } finally {
    for (const fd of ours) closeSync(fd);
  }
};

/** The container keeps the map it was created with; how maps are written is this host's business. */
export const mapOf = ({ linux }: RuntimeConfig, current: IdMap): IdMap => ({
  ...current,
  uids: linux.uidMappings,
  gids: linux.gidMappings,
});

const go = async (
  context: ContainerContext,
  found: LockedContainer,
  launched: Launched,
  places: RunPlaces,
): Promise<Session | undefined> => {
  const { files, record } = found;
  const run: RunRecord = {
    schema: recordSchema,
    bootId: readBootId(),
    startedAt: new Date().toISOString(),
    monitor: launched.helper,
    init: launched.init,
    runtimeDirectory: places.runtimeDirectory,
    ...(launched.published === '' ? {} : { publishedPorts: parsePublished(launched.published) }),
    ...(places.cgroup === undefined ? {} : { cgroup: places.cgroup }),
  };
  writeRunRecord(files, run);
  try {
    await launched.go();
  } catch (error) {
    removeIfThere(files.run);
    throw error;
  }
  if (places.options.attach !== undefined) {
    // --rm with a client: the client removes the container; when it goes away before, the monitor starts that.
    const onExit = record.request.autoRemove ? () => cleanUp(context, record.id) : undefined;
    return openSession(launched.connection, {
      tty: places.config.process.terminal,
      subject: record.name,
      signal: (signal) => void signalRun(context.native(), record, { ...run, restartCount: 0 }, signal),
      onExit,
    });
  }
  launched.connection.close();
  return undefined;
};
