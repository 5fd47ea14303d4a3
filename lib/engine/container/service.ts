// SPDX-License-Identifier: Apache-2.0
// The container part of the engine contract: each method finds its container, takes the lock where it changes
// something, and calls the one module that knows how.

import { sampanError } from '../../errors/sampan-error.js';
import { formatPlan } from '../../native/format-plan.js';
import { attachToMonitor } from '../../runtime/attach.js';
import { containerOperations } from '../../runtime/plan.js';
import { streamBits, type Session } from '../../runtime/session.js';
import { readRuntimeConfig } from '../../store/container-records.js';
import type {
  AttachOptions,
  AttachSession,
  ContainerFileService,
  ContainerService,
  LogEntry,
  LogOptions,
} from '../contract.js';
import type { ContainerContext } from './context.js';
import { configOf, createContainer } from './create.js';
import { execInContainer } from './exec.js';
import { findContainer, isRestarting, lockContainer, type FoundContainer } from './find.js';
import { openFileService } from './file-service.js';
import { healthOf } from './health.js';
import { inspectObject } from './inspect.js';
import { endpointsOf } from './network-settings.js';
import { attachTarget, keysText } from './monitor-operations.js';
import { listContainers, sizesOf } from './list.js';
import { readLog } from './logs.js';
import { cleanUp, removeContainer } from './remove.js';
import { runContainer } from './run.js';
import { startLocked } from './start.js';
import { deriveStatus, isRunning, type CurrentRun } from './status.js';
import { signalContainer, stopContainer } from './stop.js';
import { waitContainer } from './wait.js';

export const openContainerService = (context: ContainerContext): ContainerService => ({
  ...openLifeService(context),
  ...openFileService(context),
});

const openLifeService = (context: ContainerContext): Omit<ContainerService, keyof ContainerFileService> => {
  const find = (nameOrId: string): FoundContainer => findContainer(context.paths, nameOrId);
  return {
    create: async (request, options) => {
      const { id, warnings, lock } = await createContainer(context, request, { ...options, madeByRun: false });
      lock[Symbol.dispose]();
      return { id, warnings };
    },
    planOf: async (request) => {
      const config = await configOf(context, request);
      return formatPlan(containerOperations(config, context.idMap(), { columns: 80, rows: 24 }));
    },
    start: async (nameOrId, options) => {
      const found = await lockContainer(context.paths, context.locks, nameOrId);
      using _lock = found.lock;
      // docker: starting what runs is no error, unless one wants to be there from the start
      if (isRunning(deriveStatus(found.files)))
        return options.attach === undefined ? undefined : await attach(context, found, options.attach);
      return await startLocked(context, found, options);
    },
    run: (request, options) => runContainer(context, request, options),
    attach: (nameOrId, options) => attach(context, find(nameOrId), options),
    exec: (nameOrId, request, options) => execInContainer(context, find(nameOrId), request, options),
    stop: (nameOrId, options) => stopContainer(context, find(nameOrId), options),
    kill: (nameOrId, { signal }) => signalContainer(context, find(nameOrId), signal),
    restart: async (nameOrId, options) => {
      const found = await lockContainer(context.paths, context.locks, nameOrId);
      using _lock = found.lock;
      await stopContainer(context, found, options);
      await startLocked(context, found, {});
    },
    wait: (nameOrId) => waitContainer(context, nameOrId),
    top: async (nameOrId, psOptions) => {
      const { topOfContainer } = await import('./top.js');
      return topOfContainer(context, find(nameOrId), psOptions);
    },
    ports: (nameOrId) => {
      const state = deriveStatus(find(nameOrId).files);
      return Promise.resolve(state.status === 'running' ? (state.run.publishedPorts ?? []) : []);
    },
    publish: async (nameOrId, ports) => {
      const { publishPorts } = await import('./change-ports.js');
      return publishPorts(context, nameOrId, ports);
    },
    withdraw: async (nameOrId, ports) => {
      const { withdrawPorts } = await import('./change-ports.js');
      await withdrawPorts(context, nameOrId, ports);
    },
    remove: async (nameOrId, options) => ({ id: await removeContainer(context, nameOrId, options) }),
    cleanUp: (id) => cleanUp(context, id),
    prune: async ({ filters }) => {
      const { pruneContainers } = await import('./prune.js');
      return pruneContainers(context, filters);
    },
    list: (filter) => listContainers(context, filter),
    inspect: (nameOrId, options) => inspect(context, find(nameOrId), options),
    logs: (nameOrId, options) => readContainerLog(find(nameOrId), options),
  };
};

/** @throws ERR_CONTAINER_STATE */
const readContainerLog = ({ files, record }: FoundContainer, options: LogOptions): AsyncIterable<LogEntry> => {
  if (record.request.log.driver === 'none') {
    throw sampanError('ERR_CONTAINER_STATE', {
      subject: `${record.name} keeps no log`,
      hint: 'it was created with --log-driver none',
    });
  }
  return readLog({ path: files.log, isRunning: () => isRunning(deriveStatus(files)) }, options);
};

const inspect = async (
  context: ContainerContext,
  { files, record }: FoundContainer,
  { size }: { readonly size: boolean },
): Promise<Readonly<Record<string, unknown>>> => {
  const config = readRuntimeConfig(files);
  if (config === undefined) throw sampanError('ERR_STORE_CORRUPT', { subject: files.config });
  const sizes = size ? await sizesOf(context, record) : undefined;
  const networks = endpointsOf(context.paths, files);
  const state = deriveStatus(files);
  return inspectObject({ record, files, config, state, health: healthOf(record, files, state), networks, sizes });
};

/** @throws ERR_CONTAINER_NOT_RUNNING */
const attach = async (
  context: ContainerContext,
  found: FoundContainer,
  options: AttachOptions,
): Promise<AttachSession> => {
  const state = deriveStatus(found.files);
  if (state.status === 'restarting') throw isRestarting(found);
  const session = state.status === 'running' ? await connect(context, found, state.run, options) : undefined;
  if (session !== undefined) return session;
  throw sampanError('ERR_CONTAINER_NOT_RUNNING', {
    subject: found.record.name,
    hint: `start it with 'sampan start -a ${found.record.name}'`,
  });
};

const connect = (
  context: ContainerContext,
  found: FoundContainer,
  run: CurrentRun,
  options: AttachOptions,
): Promise<Session | undefined> =>
  attachToMonitor(context.native(), attachTarget(context, found, run), {
    streams: streamBits(options),
    detachKeys: keysText(options.detachKeys),
  });
