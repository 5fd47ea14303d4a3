// SPDX-License-Identifier: Apache-2.0
import { appendFileSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LogEntry, LogOptions } from '../../../../lib/engine/contract.js';
import { readLog } from '../../../../lib/engine/container/logs.js';

let directory: string;
let path: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sampan-logs-'));
  path = join(directory, 'x-json.log');
});
afterEach(() => {
  rmSync(directory, { recursive: true });
});

const line = (text: string, second = 0): string =>
  `${JSON.stringify({ log: text, stream: 'stdout', time: `2026-01-01T00:00:${String(second).padStart(2, '0')}.5Z` })}\n`;

const read = async (options: Partial<LogOptions> = {}, isRunning = () => false): Promise<readonly string[]> => {
  const all: LogEntry[] = [];
  for await (const entry of readLog({ path, isRunning }, { follow: false, tail: undefined, ...options }))
    all.push(entry);
  return all.map(({ text }) => text);
};

test('a log that is not there yet is empty', async () => {
  expect(await read()).toEqual([]);
});

test('rotated files come first, oldest first', async () => {
  writeFileSync(`${path}.2`, line('a\n'));
  writeFileSync(`${path}.1`, line('b\n'));
  writeFileSync(path, line('c\n'));
  expect(await read()).toEqual(['a\n', 'b\n', 'c\n']);
});

test('--tail counts lines, of which a long one has several entries', async () => {
  writeFileSync(path, line('one\n') + line('long ') + line('er ') + line('line\n') + line('end'));
  expect(await read({ tail: 2 })).toEqual(['long ', 'er ', 'line\n', 'end']);
  expect(await read({ tail: 0 })).toEqual([]);
});

test('--since and --until cut by time, nanoseconds included', async () => {
  writeFileSync(path, [0, 1, 2, 3].map((second) => line(`${String(second)}\n`, second)).join(''));
  expect(await read({ since: '2026-01-01T00:00:01.5Z', until: '2026-01-01T00:00:02.500000000Z' })).toEqual([
    '1\n',
    '2\n',
  ]);
  expect(await read({ since: '2026-01-01T00:00:01.500000001Z' })).toEqual(['2\n', '3\n']);
});

test('following reads what is appended, across a rotation, until the container ends', async () => {
  writeFileSync(path, line('a\n'));
  let step = 0;
  const isRunning = (): boolean => {
    step++;
    if (step === 2) appendFileSync(path, line('b\n'));
    if (step === 3) {
      appendFileSync(path, line('c\n'));
      renameSync(path, `${path}.1`);
      writeFileSync(path, line('d\n'));
    }
    return step < 5;
  };
  expect(await read({ follow: true }, isRunning)).toEqual(['a\n', 'b\n', 'c\n', 'd\n']);
});

test('a line that is being written is not shown before it is whole', async () => {
  writeFileSync(path, line('a\n') + line('b\n').slice(0, 10));
  expect(await read()).toEqual(['a\n']);
});
