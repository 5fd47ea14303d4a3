// SPDX-License-Identifier: Apache-2.0
// The table of docs/state-on-disk.md, row by row.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deriveStatus } from '../../../../lib/engine/container/status.js';
import { containerFiles, type ContainerFiles, type RunRecord } from '../../../../lib/store/container-records.js';
import { readBootId, readIdentity } from '../../../../lib/util/process-identity.js';

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
    schema: 1,
    bootId: readBootId(),
    startedAt: '',
    monitor: alive,
    init: alive,
    runtimeDirectory: '/run',
    ...change,
  };
  writeFileSync(files.run, JSON.stringify(run));
};
const writeExit = (of: { pid: number; startTime: string }): void => {
  const exit = {
    schema: 1,
    pid: of.pid,
    pidStartTime: of.startTime,
    exitCode: 3,
    signal: 0,
    oomKilled: false,
    finishedAt: 'then',
  };
  writeFileSync(files.exit, JSON.stringify(exit));
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
  writeExit(dead);
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

test('another boot: exited with 255, and why', () => {
  writeRun({ bootId: 'another' });
  expect(deriveStatus(files)).toMatchObject({
    status: 'exited',
    exit: { exitCode: 255, error: 'the machine was restarted' },
  });
});

test('a run record cut off by a power loss counts as another boot', () => {
  writeFileSync(files.run, '{"schema":1,');
  expect(deriveStatus(files)).toMatchObject({ status: 'exited', exit: { exitCode: 255 } });
});

test('a file of a later version is refused, not misread', () => {
  writeFileSync(files.run, JSON.stringify({ schema: 1, bootId: readBootId(), monitor: alive, init: dead }));
  writeFileSync(files.exit, JSON.stringify({ schema: 2 }));
  expect(() => deriveStatus(files)).toThrow(expect.objectContaining({ code: 'ERR_STORE_CORRUPT' }));
});
