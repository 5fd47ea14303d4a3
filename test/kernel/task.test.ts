// SPDX-License-Identifier: Apache-2.0
// The way from lib/native to the helper and back, with the smallest plans there are: role `task`.

import {
  chmodSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PlanOperation } from '../../lib/native/protocol.js';
import { runTask } from '../../lib/native/task.js';
import { namespaceOperations, readIdMap } from '../../lib/runtime/id-map.js';
import { native, openDescriptors } from '../support/native.js';
import { requires } from '../support/requires.js';
import { uniqueName } from '../support/tool.js';

const task = requires('userns');

const asRoot = (...operations: readonly PlanOperation[]): readonly PlanOperation[] => [
  ...namespaceOperations(readIdMap()),
  { op: 'become_root' },
  ...operations,
];

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sampan-task-'));
  // root of the task is a sub-id when root runs this
  chmodSync(directory, 0o777);
});
afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

task.test('a task comes back with its counts, and leaves no descriptor and no zombie', async () => {
  const before = new Set(openDescriptors());
  mkdirSync(join(directory, 'a'));
  writeFileSync(join(directory, 'a/file'), 'x'.repeat(5000));
  const title = uniqueName('counts');
  const counts = await runTask(native, { title, operations: asRoot({ op: 'tree_usage', source: directory }) });
  expect(counts).toMatchObject({ inodes: 3, bytes: expect.any(Number) as number });
  expect(openDescriptors().filter((fd) => !before.has(fd))).toEqual([]);
  expect(processesTitled(title)).toEqual([]);
});

task.test('a failing operation comes back with its name, place, errno and subject', async () => {
  const operations = asRoot({ op: 'tree_usage', source: '/nonexistent' });
  await expect(runTask(native, { operations })).rejects.toMatchObject({
    name: 'HelperFailure',
    stage: 'init',
    operation: 'tree_usage',
    index: operations.length - 1,
    code: 'ENOENT',
    subject: '/nonexistent',
  });
});

task.test('aborting kills the task, and only then rejects', async () => {
  const title = uniqueName('abort');
  const [read, write] = native.pipe();
  const running = runTask(native, {
    title,
    // waits for input that never comes
    operations: asRoot({ op: 'unpack_tar', input: 0, source: directory, flags: 0 }),
    descriptors: [read],
    signal: AbortSignal.timeout(300),
  });
  await expect(running).rejects.toMatchObject({ name: 'TimeoutError' });
  expect(processesTitled(title)).toEqual([]);
  closeSync(read);
  closeSync(write);
});

task.test('a signal that was aborted before starts nothing', async () => {
  const title = uniqueName('never');
  const running = runTask(native, { title, operations: asRoot(), signal: AbortSignal.abort(new Error('too late')) });
  await expect(running).rejects.toThrow('too late');
  expect(processesTitled(title)).toEqual([]);
});

/** Processes whose first argument this is. */
const processesTitled = (title: string): readonly string[] =>
  readdirSync('/proc').filter((name) => /^\d+$/.test(name) && firstArgument(name) === title);

const firstArgument = (pid: string): string => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')[0] ?? '';
  } catch {
    // ended meanwhile
    return '';
  }
};
