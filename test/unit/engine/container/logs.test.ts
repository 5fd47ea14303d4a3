// SPDX-License-Identifier: Apache-2.0
import { appendFileSync, existsSync, linkSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
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

test('following misses nothing when the log is rotated several times between two looks', async () => {
  writeFileSync(path, line('a\n'));
  let step = 0;
  const isRunning = (): boolean => {
    step++;
    if (step === 2) {
      appendFileSync(path, line('b\n'));
      for (const text of ['c\n', 'd\n', 'e\n']) {
        for (const index of [2, 1])
          if (existsSync(`${path}.${String(index)}`))
            renameSync(`${path}.${String(index)}`, `${path}.${String(index + 1)}`);
        renameSync(path, `${path}.1`);
        writeFileSync(path, line(text));
      }
    }
    return step < 3;
  };
  expect(await read({ follow: true }, isRunning)).toEqual(['a\n', 'b\n', 'c\n', 'd\n', 'e\n']);
});

test('following goes on with the oldest file there is when its own was rotated away', async () => {
  writeFileSync(path, line('a\n'));
  let step = 0;
  const isRunning = (): boolean => {
    step++;
    if (step === 2) {
      writeFileSync(`${path}.1`, line('c\n'));
      writeFileSync(`${path}.fresh`, line('d\n'));
      renameSync(`${path}.fresh`, path);
    }
    return step < 3;
  };
  expect(await read({ follow: true }, isRunning)).toEqual(['a\n', 'c\n', 'd\n']);
});

test('a line that is being written is not shown before it is whole', async () => {
  writeFileSync(path, line('a\n') + line('b\n').slice(0, 10));
  expect(await read()).toEqual(['a\n']);
});

test('--tail gives the same as the end of the whole log, whatever the text, the files and where reads are cut', async () => {
  const texts = [
    '\n',
    'a\n',
    'part',
    'ü€😀\n',
    '"quoted"\n',
    'back\\slash\\n\n',
    '\t\u0001\n',
    ','.repeat(1000),
    'x'.repeat(16_384),
  ];
  const all = Array.from({ length: 2000 }, (_, index) => texts[(index * 7 + (index >> 3)) % texts.length] ?? '');
  for (const [start, suffix] of [
    [0, '.2'],
    [500, '.1'],
    [700, ''],
  ] as const)
    writeFileSync(
      `${path}${suffix}`,
      all
        .slice(start, { 0: 500, 500: 700, 700: 2000 }[start])
        .map((text) => line(text))
        .join(''),
    );
  expect(await read()).toEqual(all);
  const starts = all.flatMap((_, index) => (index === 0 || all[index - 1]?.endsWith('\n') === true ? [index] : []));
  for (const count of [1, 2, 50, 500, starts.length - 1, starts.length, 5000])
    expect(await read({ tail: count })).toEqual(all.slice(starts.at(-count) ?? 0));
});

test('--tail of a log whose last line is not complete yet leaves it for following', async () => {
  writeFileSync(path, line('a\n') + line('b\n') + line('late\n').slice(0, 20));
  expect(await read({ tail: 1 })).toEqual(['b\n']);
  let step = 0;
  const isRunning = (): boolean => {
    if (++step === 2) appendFileSync(path, line('late\n').slice(20));
    return step < 4;
  };
  expect(await read({ tail: 1, follow: true }, isRunning)).toEqual(['b\n', 'late\n']);
});

test('a file that was rotated while the log was opened is read once', async () => {
  writeFileSync(path, line('a\n'));
  linkSync(path, `${path}.1`);
  expect(await read()).toEqual(['a\n']);
  expect(await read({ tail: 5 })).toEqual(['a\n']);
});
