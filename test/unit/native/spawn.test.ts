// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from 'node:child_process';
import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import type { Spawned } from '../../../lib/native/native.js';
import { closeAll, native, openDescriptors } from '../../support/native.js';

const shell = '/bin/sh';

const withShell = <T>(use: (executable: number, devNull: number) => T): T => {
  const fds = [openSync(shell, 'r'), openSync('/dev/null', 'r+')] as const;
  try {
    return use(...fds);
  } finally {
    closeAll(...fds);
  }
};

const end = async ({ pidfd }: Spawned): Promise<ReturnType<typeof native.reap>> => {
  await native.pidfdWait(pidfd).done;
  const result = native.reap(pidfd);
  closeSync(pidfd);
  return result;
};

/** Everything that the script writes to its stdout. */
const outputOf = async (
  script: string,
  options: { env?: readonly string[]; extraFds?: readonly number[] } = {},
): Promise<string> => {
  const [read, write] = native.pipe();
  const spawned = withShell((executable, devNull) =>
    native.spawn({
      executable,
      argv: ['sh', '-c', script],
      env: options.env ?? [],
      fds: [devNull, write, devNull, ...(options.extraFds ?? [])],
    }),
  );
  closeSync(write);
  await end(spawned);
  const buffer = Buffer.alloc(65536);
  const text = buffer.toString('utf8', 0, readSync(read, buffer));
  closeSync(read);
  return text;
};

test('the exit code comes through reap, once the pidfd says that the process has ended', async () => {
  const spawned = withShell((executable, devNull) =>
    native.spawn({ executable, argv: ['sh', '-c', 'exit 3'], env: [], fds: [devNull] }),
  );
  await expect(end(spawned)).resolves.toEqual({ code: 3, signal: 0 });
});

test('a live process is not reaped, a killed one tells the signal', async () => {
  const spawned = withShell((executable, devNull) =>
    native.spawn({ executable, argv: ['sh', '-c', 'kill -STOP $$'], env: [], fds: [devNull, devNull, devNull] }),
  );
  expect(native.reap(spawned.pidfd)).toBeUndefined();
  native.pidfdSendSignal(spawned.pidfd, 9);
  await expect(end(spawned)).resolves.toEqual({ code: 0, signal: 9 });
});

test('argv and environment arrive as given, and nothing of ours beside them', async () => {
  await expect(outputOf('echo "$0 $#"; /usr/bin/env', { env: ['A=1', 'B= x y'] })).resolves.toMatch(
    /^sh 0\nA=1\nB= x y\n/,
  );
});

test('the child has its descriptors in order, and no others', async () => {
  const marker = openSync('/etc', 'r');
  // 5 is the shell's, reading the directory.
  const text = await outputOf('for fd in /proc/self/fd/*; do echo "${fd##*/}"; done; readlink /proc/self/fd/4', {
    extraFds: [marker, marker],
  });
  closeSync(marker);
  expect(text.split('\n').filter((line) => line !== '')).toEqual(['0', '1', '2', '3', '4', '5', '/etc']);
});

test('descriptors may stand anywhere: low, high, swapped, twice', async () => {
  const [low, other] = [openSync('/etc', 'r'), openSync('/usr', 'r')];
  const text = await outputOf('readlink /proc/self/fd/3 /proc/self/fd/4 /proc/self/fd/5', {
    extraFds: [Math.max(low, other), Math.min(low, other), Math.max(low, other)],
  });
  closeAll(low, other);
  expect(text).toBe(low < other ? '/usr\n/etc\n/usr\n' : '/etc\n/usr\n/etc\n');
});

test('signals are as a fresh process has them: none blocked, none ignored', async () => {
  // Node ignores SIGPIPE, which would go through execve.
  const text = await outputOf('cat /proc/self/status');
  expect(text).toMatch(/^SigBlk:\t0{16}$/m);
  expect(text).toMatch(/^SigIgn:\t0{16}$/m);
});

test("the caller's own signal mask is untouched", async () => {
  const mask = (): string | undefined => /^SigBlk:.*$/m.exec(readFileSync('/proc/thread-self/status', 'utf8'))?.[0];
  const before = mask();
  await outputOf('true');
  expect(mask()).toBe(before);
});

test('a program that cannot be executed is an error of execveat, and leaves no zombie and no descriptor', () => {
  const before = openDescriptors().length;
  const executable = openSync('/etc/passwd', 'r');
  expect(() => native.spawn({ executable, argv: ['x'], env: [], fds: [] })).toThrow(
    expect.objectContaining({ code: 'EACCES', errno: -13, syscall: 'execveat', path: 'x' }),
  );
  closeSync(executable);
  expect(openDescriptors().length).toBe(before);
  const children = execFileSync('ps', ['-o', 'stat=', '--ppid', String(process.pid)], { encoding: 'utf8' });
  expect(children).not.toContain('Z');
});

test('a descriptor that is not open is an error of the call that moves it', () => {
  withShell((executable) => {
    expect(() => native.spawn({ executable, argv: ['sh'], env: [], fds: [123456] })).toThrow(
      expect.objectContaining({ code: 'EBADF', syscall: 'fcntl(F_DUPFD_CLOEXEC)' }),
    );
  });
});

test.each([
  [{}, 'executable: expected a file descriptor'],
  [{ executable: 0, argv: 'sh', env: [], fds: [] }, 'argv: expected an array'],
  [{ executable: 0, argv: ['a\0b'], env: [], fds: [] }, 'argv: expected a string without NUL bytes'],
  [{ executable: 0, argv: ['a'], env: [], fds: [-1] }, 'fds: expected a file descriptor'],
])('bad options %p are a type error', (options, message) => {
  expect(() => (native.spawn as (options: unknown) => unknown)(options)).toThrow(message);
});

test("libuv's own children are reaped by libuv though ours end meanwhile", async () => {
  const spawned = withShell((executable, devNull) =>
    native.spawn({ executable, argv: ['sh', '-c', ''], env: [], fds: [devNull] }),
  );
  expect(execFileSync(shell, ['-c', 'echo ours']).toString()).toBe('ours\n');
  await expect(end(spawned)).resolves.toEqual({ code: 0, signal: 0 });
});
