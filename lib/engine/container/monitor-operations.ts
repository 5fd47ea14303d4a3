// SPDX-License-Identifier: Apache-2.0
// The monitor's own part of a container's plan: cgroup, attach, log, exit record, clean-up.

import { openSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { PlanOperation } from '../../native/protocol.js';
import type { AttachTarget } from '../../runtime/attach.js';
import { execOperations } from '../../runtime/plan.js';
import { streamBits } from '../../runtime/session.js';
import { networkKind } from '../../spec/network-mode.js';
import type { RuntimeConfig } from '../../spec/runtime-config.js';
import {
  attachSocketName,
  exitRecordName,
  healthRecordName,
  logName,
  restartRecordName,
  runRecordName,
  type ContainerRecord,
} from '../../store/container-records.js';
import type { AttachOptions, StartOptions } from '../contract.js';
import type { ContainerContext } from './context.js';
import { execProcessOf } from './exec-process.js';
import type { FoundContainer } from './find.js';
import type { CurrentRun } from './status.js';
import { signalRun } from './stop.js';
import { etcFileNames, isRestarted, restartNameOf } from './write-etc-files.js';

export interface MonitorPlaces {
  readonly config: RuntimeConfig;
  readonly cgroup: string | undefined;
  readonly runtimeDirectory: string;
  readonly options: StartOptions;
  /** opens a directory for the helper */
  readonly slotOf: (path: string) => number;
  /** puts another plan into a descriptor of the helper's */
  readonly probeSlotOf: (plan: readonly PlanOperation[]) => number;
}

export const monitorOperations = (
  context: ContainerContext,
  { id, files, record }: FoundContainer,
  { config, cgroup, runtimeDirectory, options, slotOf, probeSlotOf }: MonitorPlaces,
): readonly PlanOperation[] => {
  const directory = slotOf(files.directory);
  const { log } = config.sampan;
  return [
    ...cgroupOperations(cgroup, slotOf),
    ...attachOperations(options.attach),
    { op: 'attach_socket', directory: slotOf(runtimeDirectory), name: attachSocketName },
    ...(log === undefined
      ? []
      : [
          {
            op: 'log_json_file',
            directory,
            name: logName(id),
            max_size_bytes: BigInt(log.maxSizeBytes),
            max_files: log.maxFiles,
          } as const,
        ]),
    {
      op: 'exit_record',
      directory,
      name: exitRecordName,
      run_record: runRecordName,
      durable: record.request.autoRemove ? 0 : 1,
    },
    ...restartOperations(config, slotOf(runtimeDirectory)),
    ...restartFileOperations(record, directory),
    ...healthOperations(config, slotOf(runtimeDirectory), probeSlotOf),
    ...(record.request.autoRemove ? [exitCommand(context, id)] : []),
  ];
};

/** The two that restart after every exit differ only for a daemon that comes up after them. */
const restartOperations = ({ sampan: { restart } }: RuntimeConfig, directory: number): readonly PlanOperation[] =>
  restart === undefined
    ? []
    : [
        {
          op: 'restart_policy',
          policy: restart.policy === 'on-failure' ? 2 : 1,
          max_retries: restart.maximumRetryCount,
          directory,
          name: restartRecordName,
        },
      ];

/** Each start writes them anew, also those of the monitor. Who shares a network has the files of another container. */
const restartFileOperations = (record: ContainerRecord, directory: number): readonly PlanOperation[] =>
  networkKind(record.network) === 'container' || !isRestarted(record)
    ? []
    : etcFileNames.map((name) => ({ op: 'restart_file', directory, name, from: restartNameOf(name) }));

/** A probe is what `exec` of the same command would be. */
const healthOperations = (
  config: RuntimeConfig,
  directory: number,
  probeSlotOf: MonitorPlaces['probeSlotOf'],
): readonly PlanOperation[] => {
  const { probe } = config.sampan;
  if (probe === undefined) return [];
  const process = execProcessOf(config, {
    command: probe.args,
    env: [],
    tty: false,
    openStdin: false,
    privileged: false,
  });
  const plan = execOperations(config, process, { openStdin: false, waits: false, terminal: { columns: 0, rows: 0 } });
  return [
    {
      op: 'health_check',
      plan: probeSlotOf(plan),
      interval_ms: probe.intervalMs,
      timeout_ms: probe.timeoutMs,
      start_period_ms: probe.startPeriodMs,
      start_interval_ms: probe.startIntervalMs,
      retries: probe.retries,
      directory,
      name: healthRecordName,
    },
  ];
};

const cgroupOperations = (cgroup: string | undefined, slotOf: (path: string) => number): readonly PlanOperation[] =>
  cgroup === undefined
    ? []
    : [
        { op: 'join_cgroup', directory: slotOf(cgroup) },
        { op: 'remove_cgroup', parent: slotOf(dirname(cgroup)), name: basename(cgroup) },
      ];

/** The control connection as an attached client, for a process that is started in the foreground. */
export const attachOperations = (attach: AttachOptions | undefined): readonly PlanOperation[] =>
  attach === undefined
    ? []
    : [{ op: 'attach_control', streams: streamBits(attach), detach_keys: keysText(attach.detachKeys) }];

/** The monitor starts this when an autoRemove container has ended and no client is there to remove it. */
const exitCommand = ({ selfCommand, env }: ContainerContext, id: string): PlanOperation => ({
  op: 'exit_command',
  argv: [...selfCommand, 'container', 'cleanup', id],
  env: ['HOME', 'PATH', 'XDG_DATA_HOME', 'XDG_RUNTIME_DIR'].flatMap((name) => {
    const value = env[name];
    return value === undefined ? [] : [`${name}=${value}`];
  }),
});

/** Where the monitor of a run is to be found. */
export const attachTarget = (
  { native }: ContainerContext,
  { record }: FoundContainer,
  run: CurrentRun,
): AttachTarget => ({
  directory: run.runtimeDirectory,
  socket: attachSocketName,
  subject: record.name,
  signal: (signal) => void signalRun(native(), record, run, signal),
});

export const openDirectory = (path: string): number => openSync(path, 'r');

/** Raw key bytes as the text that frames and plans carry byte by byte. */
export const keysText = (keys: Uint8Array): string | undefined =>
  keys.length === 0 ? undefined : Buffer.from(keys).toString('latin1');
