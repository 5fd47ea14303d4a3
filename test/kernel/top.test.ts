// SPDX-License-Identifier: Apache-2.0
// `top`: the processes of a container in the host's view, with ps's own options, and without ps.

import { chmodSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { childrenOf } from '../support/monitor.js';
import { poll } from '../support/poll.js';
import { requires } from '../support/requires.js';
import { readText } from '../support/sandbox.js';
import { image, ok, sandbox, stateOf, tool, uniqueName } from '../support/tool.js';

const container = requires('userns', 'mount-in-userns', 'overlay-in-userns', 'busybox');

let name: string;
beforeEach(async () => {
  name = uniqueName();
  await ok(['run', '-d', '--name', name, await image(), 'sh', '-c', 'sleep 1001 & exec sleep 1002']);
  // the shell becomes the one, and its child the other, some time after it was started
  const { Pid } = await stateOf(name);
  const commandOf = (pid: number): string => readText(`/proc/${String(pid)}/cmdline`);
  await poll(
    () => commandOf(Pid).startsWith('sleep\0') && childrenOf(Pid).every((pid) => commandOf(pid).startsWith('sleep\0')),
  );
});
afterEach(async () => {
  await ok(['rm', '-f', name]);
});

const rowsOf = (text: string): readonly (readonly string[])[] => text.split('\n').map((line) => line.split(/ {2,}/));

container.test('top shows the processes of the container and no others, by the pids of the host', async () => {
  const [titles, ...rows] = rowsOf(await ok(['top', name]));
  expect(titles).toEqual(['UID', 'PID', 'PPID', 'C', 'STIME', 'TTY', 'TIME', 'CMD']);
  expect(rows.map((cells) => cells.at(-1)).sort()).toEqual(['sleep 1001', 'sleep 1002']);
  const { Pid } = await stateOf(name);
  expect(rows.find((cells) => cells.at(-1) === 'sleep 1002')?.[1]).toBe(String(Pid));
});

container.test('a process that exec brought is there too', async () => {
  await ok(['exec', '-d', name, 'sleep', '1003']);
  expect(await ok(['container', 'top', name])).toContain('sleep 1003');
});

container.test('the options of ps are passed on, and choose the columns', async () => {
  expect(await ok(['top', name, '-o', 'pid,args'])).toMatch(/^PID +COMMAND\n\d+ +sleep 100\d/);
  expect(await ok(['top', name, 'aux'])).toMatch(/^USER +PID +%CPU/);
});

container.test('without the column of the pid nobody knows whose lines they are', async () => {
  const { exitCode, stderr } = await tool(['top', name, '-eo', 'args']);
  expect(exitCode).toBe(1);
  expect(stderr).toContain('there is no column PID');
});

container.test("what ps refuses is said in ps's words", async () => {
  const { exitCode, stderr } = await tool(['top', name, '--nonsense']);
  expect(exitCode).toBe(1);
  expect(stderr).toMatch(/ps --nonsense: error: unknown/);
});

container.test('a container that does not run has no processes', async () => {
  const stopped = uniqueName();
  await ok(['create', '--name', stopped, await image(), 'true']);
  const { exitCode, stderr } = await tool(['top', stopped]);
  expect(exitCode).toBe(1);
  expect(stderr).toContain(`container ${stopped} is not running`);
  await ok(['rm', stopped]);
});

container.test('on a host without ps the usual columns come from /proc', async () => {
  const bin = join(sandbox().directory, 'bin-without-ps');
  mkdirSync(bin);
  symlinkSync(process.execPath, join(bin, 'node'));
  chmodSync(bin, 0o700);
  const env = { PATH: bin };
  const [titles, ...rows] = rowsOf(await ok(['top', name], { env }));
  const [, ...shown] = rowsOf(await ok(['top', name]));
  expect(titles?.at(-1)).toBe('CMD');
  const known = (cells: readonly string[]): unknown => [cells[1], cells[2], cells[5], cells[6], cells[7]];
  expect(rows.map(known)).toEqual(shown.map(known));
  // ps counts from a start of the machine that it rounds to a second: the minute may be the next one
  const minutesOf = (cells: readonly string[]): number => {
    const [hours = NaN, minutes = NaN] = (cells[4] ?? '').split(':').map(Number);
    return hours * 60 + minutes;
  };
  for (const [index, row] of rows.entries())
    expect([0, 1, 1439]).toContain(Math.abs(minutesOf(row) - minutesOf(shown[index] ?? [])));
  const { exitCode, stderr } = await tool(['top', name, 'aux'], { env });
  expect(exitCode).toBe(1);
  expect(stderr).toContain('this machine has no ps');
});
