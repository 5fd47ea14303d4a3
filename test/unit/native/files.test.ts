// SPDX-License-Identifier: Apache-2.0
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RENAME_EXCHANGE, RENAME_NOREPLACE, RESOLVE_IN_ROOT } from '../../../lib/native/constants.js';
import { builtFile } from '../../../lib/native/load.js';
import { closeAll, native } from '../../support/native.js';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sampan-native-'));
});
afterEach(() => {
  rmSync(directory, { recursive: true });
});

test('openat2 resolves an absolute symlink inside the root', () => {
  mkdirSync(join(directory, 'etc'));
  writeFileSync(join(directory, 'etc/passwd'), 'inside');
  symlinkSync('/etc/passwd', join(directory, 'link'));
  const root = openSync(directory, 'r');
  const fd = native.openat2(root, 'link', 0, 0, RESOLVE_IN_ROOT);
  expect(readFileSync(fd, 'utf8')).toBe('inside');
  expect(() => native.openat2(root, '../../nowhere', 0, 0, RESOLVE_IN_ROOT)).toThrow(
    expect.objectContaining({ code: 'ENOENT', syscall: 'openat2', path: '../../nowhere' }),
  );
  closeAll(root, fd);
});

test('renameat2 refuses to replace, and exchanges', () => {
  const [a, b] = [join(directory, 'a'), join(directory, 'b')];
  writeFileSync(a, 'A');
  writeFileSync(b, 'B');
  expect(() => {
    native.renameat2(a, b, RENAME_NOREPLACE);
  }).toThrow(expect.objectContaining({ code: 'EEXIST', syscall: 'renameat2', path: a, dest: b }));
  native.renameat2(a, b, RENAME_EXCHANGE);
  expect([readFileSync(a, 'utf8'), readFileSync(b, 'utf8')]).toEqual(['B', 'A']);
});

test('statfs tells type and size', () => {
  const { type, freeBytes, totalBytes } = native.statfs('/proc');
  expect(type).toBe(0x9fa0);
  expect([freeBytes, totalBytes]).toEqual([0, 0]);
  const here = native.statfs(directory);
  expect(here.totalBytes).toBeGreaterThan(here.freeBytes);
});

test('a pipe carries bytes', () => {
  const [read, write] = native.pipe();
  writeFileSync(write, 'through');
  closeSync(write);
  expect(readFileSync(read, 'utf8')).toBe('through');
  closeSync(read);
});

describe('locks', () => {
  const open = (): number => openSync(join(directory, 'lock'), 'a+');

  test('exclude each other within one process, since they belong to the descriptor', () => {
    const [a, b] = [open(), open()];
    expect(native.tryLock(a, 'exclusive')).toBe(true);
    expect(native.tryLock(a, 'exclusive')).toBe(true);
    expect(native.tryLock(b, 'exclusive')).toBe(false);
    expect(native.tryLock(b, 'shared')).toBe(false);
    native.unlock(a);
    expect(native.tryLock(b, 'shared')).toBe(true);
    expect(native.tryLock(a, 'shared')).toBe(true);
    expect(native.tryLock(a, 'exclusive')).toBe(false);
    closeAll(a, b);
  });

  test('exclude another process, and end with it', async () => {
    const script = `const m = { exports: {} }; process.dlopen(m, process.argv[1]);
      const fd = require('fs').openSync(process.argv[2], 'a+');
      console.log(m.exports.tryLock(fd, 'exclusive')); setInterval(() => {}, 1000);`;
    const other = spawn(process.execPath, ['-e', script, builtFile('sampan.node'), join(directory, 'lock')], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [answer] = (await once(other.stdout, 'data')) as [Buffer];
    expect(answer.toString()).toBe('true\n');
    const fd = open();
    expect(native.tryLock(fd, 'exclusive')).toBe(false);
    const exited = once(other, 'exit');
    other.kill('SIGKILL');
    await exited;
    expect(native.tryLock(fd, 'exclusive')).toBe(true);
    closeSync(fd);
  });

  test('a kind that does not exist is a type error, a closed descriptor EBADF', () => {
    const fd = open();
    expect(() => (native.tryLock as (fd: number, kind: string) => boolean)(fd, 'both')).toThrow(/^kind:/);
    closeSync(fd);
    expect(() => native.tryLock(fd, 'shared')).toThrow(
      expect.objectContaining({ code: 'EBADF', syscall: 'fcntl(F_OFD_SETLK)' }),
    );
  });
});
