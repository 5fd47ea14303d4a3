// SPDX-License-Identifier: Apache-2.0
// The table of docs/state-on-disk.md, row by row.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deriveStatus } from '../../../../lib/engine/container/status.js';
import { recordSchema } from '../../../../lib/native/protocol.js';
import {
  containerFiles,
  type ContainerFiles,
  type ExitRecord,
  type RestartRecord,
  type RunRecord,
} from '../../../../lib/store/container-records.js';
import { readBootId, readIdentity, type ProcessIdentity } from '../../../../lib/util/process-identity.js';

let files: ContainerFiles;
beforeEach(() => {
  files = containerFiles(mkdtempSync(join(tmpdir(), 'sampan-status-')), 'a'.repeat(64));
});
afterEach(() => {
  rmSync(files.directory, { recursive: true });
});

const alive = readIdentity(process.pid) ?? { pid: 1, startTime: '0' };
const dead = { pid: process.pid, startTime: '1' };

const writeRun = (change: Partial<RunRecord>): void => {
  const run = {
    schema: recordSchema,
    bootId: readBootId(),
    startedAt: '',
    monitor: alive,
    init: alive,
    runtimeDirectory: files.directory,
    ...change,
  };
  writeFileSync(files.run, JSON.stringify(run));
};
const exitOf = (monitor: ProcessIdentity, init = dead): ExitRecord => ({
  schema: recordSchema,
  init,
  monitor,
  exitCode: 3,
  signal: 0,
  oomKilled: false,
  finishedAt: 'then',
});
const writeExit = (monitor: ProcessIdentity): void => {
  writeFileSync(files.exit, JSON.stringify(exitOf(monitor)));
};
const writeRestart = (monitor: ProcessIdentity, change: Partial<RestartRecord> = {}): void => {
  const restart = {
    schema: recordSchema,
    monitor,
    restartCount: 2,
    waiting: false,
    init: alive,
    startedAt: 'later',
    exit: exitOf(monitor),
  };
  writeFileSync(join(files.directory, 'restart.json'), JSON.stringify({ ...restart, ...change }));
};

test('no run, no exit: created', () => {
  expect(deriveStatus(files)).toEqual({ status: 'created' });
});

test('monitor and init live: running', () => {
  writeRun({});
  expect(deriveStatus(files).status).toBe('running');
});

test('the exit record of an earlier run says nothing about this one', () => {
  writeExit(dead);
  writeRun({});
  expect(deriveStatus(files).status).toBe('running');
});

test('init ended, monitor not yet done: exiting', () => {
  writeRun({ init: dead });
  expect(deriveStatus(files).status).toBe('exiting');
});

test('the exit record is there: exited, whatever the monitor still does', () => {
  writeRun({ init: dead });
  writeExit(alive);
  expect(deriveStatus(files)).toMatchObject({ status: 'exited', exit: { exitCode: 3 } });
});

test('the monitor was killed: exited with 137, and why', () => {
  writeRun({ monitor: dead, init: dead });
  expect(deriveStatus(files)).toMatchObject({
    status: 'exited',
    exit: { exitCode: 137, error: 'the monitor was killed' },
  });
});

test('the monitor was killed and init outlives it: exiting, for recovery to end', () => {
  writeRun({ monitor: dead });
  expect(deriveStatus(files).status).toBe('exiting');
});

test('restarted: what runs is the process of the restart record', () => {
  writeRun({ init: dead });
  writeRestart(alive);
  expect(deriveStatus(files)).toMatchObject({
    status: 'running',
    run: { init: alive, startedAt: 'later', restartCount: 2, lastExit: { exitCode: 3 } },
  });
});

test('the restart record of an earlier start says nothing about this one', () => {
  writeRun({ init: dead });
  writeRestart(dead);
  expect(deriveStatus(files)).toMatchObject({ status: 'exiting', run: { init: dead, restartCount: 0 } });
});

test('between two runs: restarting', () => {
  writeRun({ init: dead });
  writeRestart(alive, { waiting: true, init: dead });
  expect(deriveStatus(files)).toMatchObject({ status: 'restarting', exit: { exitCode: 3 } });
});

test('the monitor was killed between two runs: exited as the last run ended, and why it stays so', () => {
  writeRun({ monitor: dead, init: dead });
  writeRestart(dead, { waiting: true, init: dead });
  expect(deriveStatus(files)).toMatchObject({
    status: 'exited',
    exit: { exitCode: 3, error: 'the monitor was killed before it restarted the container' },
  });
});

test('the monitor of a restarted container was killed: exited with 137, and the restarts stay counted', () => {
  writeRun({ monitor: dead, init: dead });
  writeRestart(dead, { init: dead });
  expect(deriveStatus(files)).toMatchObject({
    status: 'exited',
    run: { startedAt: 'later', restartCount: 2 },
    exit: { exitCode: 137, error: 'the monitor was killed', restartCount: 2 },
  });
});

test('another boot: exited with 255, and why', () => {
  writeRun({ bootId: 'another' });
  expect(deriveStatus(files)).toMatchObject({
    status: 'exited',
    exit: { exitCode: 255, error: 'the machine was restarted' },
  });
});

test('a run record cut off by a power loss counts as another boot', () => {
  writeFileSync(files.run, '{"schema":2,');
  expect(deriveStatus(files)).toMatchObject({ status: 'exited', exit: { exitCode: 255 } });
});

test('a file of another version is refused, not misread', () => {
  writeFileSync(files.run, JSON.stringify({ schema: recordSchema, bootId: readBootId(), monitor: alive, init: dead }));
  writeFileSync(files.exit, JSON.stringify({ schema: recordSchema + 1 }));
  expect(() => deriveStatus(files)).toThrow(expect.objectContaining({ code: 'ERR_RECORD_VERSION' }));
});
