// SPDX-License-Identifier: Apache-2.0
// Another process in a running container: it joins the namespaces of the container's init process and becomes what the
// container's own process became, with its own command, user and environment.

import { closeSync } from 'node:fs';
import { isSampanError, sampanError } from '../../errors/sampan-error.js';
import type { PlanOperation } from '../../native/protocol.js';
import { launchHelper } from '../../runtime/launch.js';
import { execOperations } from '../../runtime/plan.js';
import { openProcess, type ProcessHandle } from '../../runtime/process-handle.js';
import { openSession, prepareSession, type Session } from '../../runtime/session.js';
import type { ExecRequest } from '../../spec/create-request.js';
import type { RuntimeConfig } from '../../spec/runtime-config.js';
import { readRuntimeConfig, type RunRecord } from '../../store/container-records.js';
import type { StartOptions } from '../contract.js';
import type { ContainerContext } from './context.js';
import { execProcessOf } from './exec-process.js';
import { isRestarting, type FoundContainer } from './find.js';
import { attachOperations, openDirectory } from './monitor-operations.js';
import { deriveStatus } from './status.js';

/** @throws ERR_CONTAINER_NOT_RUNNING, and what the plan's failure means */
export const execInContainer = async (
  context: ContainerContext,
  found: FoundContainer,
  request: ExecRequest,
  options: StartOptions,
): Promise<Session | undefined> => {
  const state = deriveStatus(found.files);
  const notRunning = sampanError('ERR_CONTAINER_NOT_RUNNING', {
    subject: found.record.name,
    hint: `start it with 'sampan start ${found.record.name}'`,
  });
  if (state.status === 'restarting') throw isRestarting(found);
  if (state.status !== 'running') throw notRunning;
  using init = openProcess(context.native(), state.run.init);
  if (init === undefined) throw notRunning;
  const config = readRuntimeConfig(found.files);
  if (config === undefined) throw sampanError('ERR_STORE_CORRUPT', { subject: found.files.config });
  try {
    return await launchExec(context, found, { request, options, config, run: state.run, pidfd: init.pidfd });
  } catch (error) {
    throw (await isEnding(error, init)) ? notRunning : error;
  }
};

/** Nothing can be started in namespaces whose first process is about to end: the kernel says so in several ways. */
const isEnding = async (error: unknown, init: ProcessHandle): Promise<boolean> => {
  const operations: readonly (string | undefined)[] = ['join_namespaces', 'exec', 'none'];
  const patienceMs = 1000;
  return isSampanError(error, 'ERR_PLAN_FAILED') && operations.includes(error.op) && (await init.ended(patienceMs));
};

interface ExecInput {
  readonly request: ExecRequest;
  readonly options: StartOptions;
  readonly config: RuntimeConfig;
  readonly run: RunRecord;
  readonly pidfd: number;
}

const launchExec = async (
  context: ContainerContext,
  found: FoundContainer,
  input: ExecInput,
): Promise<Session | undefined> => {
  const { request, options, config, run } = input;
  const { attach, terminal } = options;
  const cgroup = run.cgroup === undefined ? undefined : openDirectory(run.cgroup);
  const descriptors = [input.pidfd, ...(cgroup === undefined ? [] : [cgroup])];
  const monitor: readonly PlanOperation[] = [
    ...(cgroup === undefined ? [] : [{ op: 'join_cgroup', directory: 1 } as const]),
    ...attachOperations(attach),
  ];
  const joined = execOperations(config, execProcessOf(config, request), {
    pidfdSlot: 0,
    openStdin: request.openStdin,
    waits: true,
    terminal: terminal ?? { columns: 80, rows: 24 },
  });
  try {
    const launched = await launchHelper(context.native(), {
      role: 'exec',
      title: `sampan-exec ${found.record.name}`,
      operations: [...monitor, ...joined],
      descriptors,
      onSpawned: attach === undefined ? undefined : prepareSession,
    });
    await launched.go();
    if (attach !== undefined) {
      const { connection, init } = launched;
      const signal = (number: number): void => {
        using process = openProcess(context.native(), init);
        process?.signal(number);
      };
      return openSession(connection, { tty: request.tty, subject: found.record.name, signal });
    }
    launched.connection.close();
    return undefined;
  } finally {
    if (cgroup !== undefined) closeSync(cgroup);
  }
};
