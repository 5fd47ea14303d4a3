// SPDX-License-Identifier: Apache-2.0
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { closeAll, native } from '../../support/native.js';

test('a sealed memory file is read from its beginning and cannot be changed', () => {
  const fd = native.sealedMemfd('plan', Buffer.from('content'));
  expect(() => writeSync(fd, 'x', 0)).toThrow(expect.objectContaining({ code: 'EPERM' }));
  expect(() => openSync(`/proc/self/fd/${String(fd)}`, 'w')).toThrow(expect.objectContaining({ code: 'EPERM' }));
  expect(readFileSync(fd, 'utf8')).toBe('content');
  closeSync(fd);
});

test('content may be empty, or a view into something larger', () => {
  const empty = native.sealedMemfd('plan', new Uint8Array());
  const part = native.sealedMemfd('plan', Buffer.from('abcdef').subarray(2, 4));
  expect([readFileSync(empty, 'utf8'), readFileSync(part, 'utf8')]).toEqual(['', 'cd']);
  closeAll(empty, part);
});

test('a sealed copy of a program can be executed', async () => {
  const executable = native.sealedMemfdFromFile('program', '/bin/sh');
  const { pidfd } = native.spawn({ executable, argv: ['sh', '-c', 'exit 7'], env: [], fds: [] });
  await native.pidfdWait(pidfd).done;
  expect(native.reap(pidfd)).toEqual({ code: 7, signal: 0 });
  closeAll(executable, pidfd);
});

test('a missing file is named', () => {
  expect(() => native.sealedMemfdFromFile('program', '/nonexistent')).toThrow(
    expect.objectContaining({ code: 'ENOENT', syscall: 'open', path: '/nonexistent' }),
  );
});
