// SPDX-License-Identifier: Apache-2.0
// The files of one container and what is in them (docs/state-on-disk.md). Status is not among them: it is derived.

import { lstatSync, readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { isSampanError, sampanError } from '../errors/sampan-error.js';
import { recordSchema } from '../native/protocol.js';
import type { CreateRequest } from '../spec/create-request.js';
import type { MergedProcess } from '../spec/merge.js';
import type { ContainerPorts, PublishedPort } from '../spec/ports.js';
import type { RuntimeConfig } from '../spec/runtime-config.js';
import { isSameProcess, type ProcessIdentity } from '../util/process-identity.js';
import { readJson, writeJsonAtomic } from './atomic.js';
import type { Paths } from './paths.js';

/** What was asked and decided at creation; only the name (rename) and published ports (port add, rm) may change afterwards. */
export interface ContainerRecord {
  readonly schema: typeof recordSchema;
  readonly id: string;
  readonly name: string;
  readonly createdAt: string;
  readonly imageId: string;
  /** as the user named it */
  readonly imageName: string;
  readonly layers: readonly string[];
  readonly request: CreateRequest;
  readonly process: MergedProcess;
  readonly hostname: string;
  /** docker's network mode: none, host, container:<id>, or the name of the first network */
  readonly network: string;
  readonly ports: ContainerPorts;
  readonly idMode: 'subids' | 'root' | 'nested' | 'single';
  /** made by `run`: means nothing without a first start, so it is removed when the command died before that */
  readonly madeByRun: boolean;
}

/** The current (or last) start. Written before GO. What its monitor has restarted since, the restart record tells. */
export interface RunRecord {
  readonly schema: typeof recordSchema;
  readonly bootId: string;
  readonly startedAt: string;
  readonly monitor: ProcessIdentity;
  readonly init: ProcessIdentity;
  /** where the published ports of this run are on the host */
  readonly publishedPorts?: readonly PublishedPort[];
  /** directory of the attach socket */
  readonly runtimeDirectory: string;
  readonly cgroup?: string | undefined;
}

/** Written by the monitor (addon/helper/exit_record.cc) or, for a run whose monitor was killed, by recovery. */
export interface ExitRecord {
  readonly schema: typeof recordSchema;
  readonly init: ProcessIdentity;
  /** of the start that it belongs to */
  readonly monitor: ProcessIdentity;
  readonly exitCode: number;
  readonly signal: number;
  readonly oomKilled: boolean;
  readonly finishedAt: string;
  readonly logEntriesLost?: number;
  /** of the run that ended, when the monitor had restarted the container before */
  readonly restartCount?: number | undefined;
  readonly startedAt?: string | undefined;
  readonly error?: string | undefined;
}

/** Written by the monitor beside its socket, at each step of a restart (addon/helper/restart_record.cc). */
export interface RestartRecord {
  readonly schema: typeof recordSchema;
  readonly monitor: ProcessIdentity;
  readonly restartCount: number;
  /** `init` has ended, and the next one is yet to come */
  readonly waiting: boolean;
  readonly init: ProcessIdentity;
  readonly startedAt: string;
  /** the last end */
  readonly exit: ExitRecord;
}

/** Written by the monitor beside its socket, and at its end beside the exit record (addon/helper/health_state.cc). */
export interface HealthRecord {
  readonly schema: typeof recordSchema;
  readonly monitor: ProcessIdentity;
  /** the process that the status is of */
  readonly init: ProcessIdentity;
  readonly status: 'starting' | 'healthy' | 'unhealthy';
  readonly failingStreak: number;
  /** as docker shows them, oldest first */
  readonly log: readonly {
    readonly Start: string;
    readonly End: string;
    readonly ExitCode: number;
    readonly Output: string;
  }[];
}

export interface ContainerFiles {
  readonly directory: string;
  readonly record: string;
  readonly config: string;
  readonly run: string;
  readonly exit: string;
  readonly health: string;
  readonly log: string;
  readonly upper: string;
  readonly work: string;
  readonly rootfs: string;
  readonly host: string;
}

export const exitRecordName = 'exit.json';
export const runRecordName = 'run.json';
export const attachSocketName = 'attach';
export const healthRecordName = 'health.json';
export const restartRecordName = 'restart.json';
export const logName = (id: string): string => `${id}-json.log`;

export const containerFiles = (directory: string, id: string): ContainerFiles => ({
  directory,
  record: join(directory, 'record.json'),
  config: join(directory, 'config.json'),
  run: join(directory, runRecordName),
  exit: join(directory, exitRecordName),
  health: join(directory, healthRecordName),
  log: join(directory, logName(id)),
  upper: join(directory, 'upper'),
  work: join(directory, 'work'),
  rootfs: join(directory, 'rootfs'),
  host: join(directory, 'host'),
});

export const filesOf = (paths: Paths, id: string): ContainerFiles => containerFiles(join(paths.containers, id), id);

/** Every container's id; a directory is only ever here with its record in it. */
export const listContainerIds = (paths: Paths): readonly string[] =>
  readdirSync(paths.containers).filter((name) => /^[0-9a-f]{64}$/.test(name));

/** undefined when there is no such container (any more) */
export const readContainerRecord = (files: ContainerFiles): ContainerRecord | undefined =>
  readVersioned(files.record) as ContainerRecord | undefined; // the schema number says what is in the file
export const readRuntimeConfig = (files: ContainerFiles): RuntimeConfig | undefined =>
  readOwn(files.config) as RuntimeConfig | undefined; // written by us, whole or not at all
export const readExitRecord = (files: ContainerFiles): ExitRecord | undefined =>
  readVersioned(files.exit) as ExitRecord | undefined; // as for the container record

/**
 * A run record is written without fsync, since another boot makes it stale anyway: one that cannot be read is the
 * trace of a power cut, so its boot is over.
 */
export const readRunRecord = (files: ContainerFiles): RunRecord | 'stale' | undefined => {
  if (lstatSync(files.run, { throwIfNoEntry: false }) === undefined) return undefined;
  try {
    return readVersioned(files.run) as RunRecord | undefined; // as for the container record
  } catch (error) {
    if (isSampanError(error, 'ERR_STORE_CORRUPT')) return 'stale';
    throw error;
  }
};

/** Of this start, not of another one that had the same directory. */
export const readRestartRecord = ({ monitor, runtimeDirectory }: RunRecord): RestartRecord | undefined => {
  const record = readVersioned(join(runtimeDirectory, restartRecordName)) as RestartRecord | undefined; // as above
  return record !== undefined && isSameProcess(record.monitor, monitor) ? record : undefined;
};

export const readHealthRecord = (run: RunRecord): HealthRecord | undefined =>
  healthRecordAt(join(run.runtimeDirectory, healthRecordName), run);
/** of a start that has ended */
export const readFinalHealthRecord = (files: ContainerFiles, run: RunRecord): HealthRecord | undefined =>
  healthRecordAt(files.health, run);

const healthRecordAt = (path: string, { monitor }: RunRecord): HealthRecord | undefined => {
  const record = readVersioned(path) as HealthRecord | undefined; // as above
  return record !== undefined && isSameProcess(record.monitor, monitor) ? record : undefined;
};

export const writeContainerRecord = (files: ContainerFiles, record: ContainerRecord): void => {
  writeJsonAtomic(files.record, record, { durable: !record.request.autoRemove });
};

export const writeRunRecord = (files: ContainerFiles, record: RunRecord): void => {
  writeJsonAtomic(files.run, record, { durable: false });
};

export const writeExitRecord = (files: ContainerFiles, record: ExitRecord): void => {
  writeJsonAtomic(files.exit, record, { durable: true });
};

/** @throws ERR_RECORD_VERSION, ERR_STORE_CORRUPT */
const readVersioned = (path: string): unknown => {
  const value = readOwn(path);
  if (value === undefined) return undefined;
  const schema = typeof value === 'object' && value !== null && 'schema' in value ? value.schema : undefined;
  if (schema === recordSchema) return value;
  throw sampanError('ERR_RECORD_VERSION', {
    subject: `${path} has schema ${String(schema)}, this one reads ${String(recordSchema)}`,
    hint: `use the version of sampan that wrote it, or remove the container: ${removalOf(path)}`,
  });
};

/** The directories of a container and of its sockets are both named after its id. */
const removalOf = (path: string): string => `'sampan rm -f ${basename(dirname(path)).slice(0, 12)}'`;

/** @throws ERR_STORE_CORRUPT when it is not JSON */
export const readOwn = (path: string): unknown => {
  try {
    return readJson(path);
  } catch (error) {
    if (error instanceof SyntaxError) {
      const hint = `remove the container: ${removalOf(path)}`;
      throw sampanError('ERR_STORE_CORRUPT', { subject: path, hint, cause: error });
    }
    throw error;
  }
};
