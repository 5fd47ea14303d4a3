// SPDX-License-Identifier: Apache-2.0
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync } from 'node:fs';
import { native, openDescriptors } from '../../support/native.js';

const sleeper = () => {
  const child = spawn('/bin/sleep', ['60'], { stdio: 'ignore' });
  if (child.pid === undefined) throw new Error('sleep did not start');
  return { child, pidfd: native.pidfdOpen(child.pid) };
};

test('several waits on one process all resolve when it ends', async () => {
  const { child, pidfd } = sleeper();
  const waits = [native.pidfdWait(pidfd), native.pidfdWait(pidfd)];
  // The wait has a descriptor of its own.
  closeSync(pidfd);
  child.kill('SIGKILL');
  await expect(Promise.all(waits.map(({ done }) => done))).resolves.toEqual([true, true]);
  await once(child, 'exit');
});

test('a cancelled wait resolves false, closes its descriptor and keeps nothing alive', async () => {
  const before = openDescriptors().length;
  const { child, pidfd } = sleeper();
  const wait = native.pidfdWait(pidfd);
  wait.cancel();
  wait.cancel();
  await expect(wait.done).resolves.toBe(false);
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
  closeSync(pidfd);
  expect(openDescriptors().length).toBe(before);
});

test('signal 0 tests, and a process that is gone is ESRCH', async () => {
  const { child, pidfd } = sleeper();
  native.pidfdSendSignal(pidfd, 0);
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(() => {
    native.pidfdSendSignal(pidfd, 0);
  }).toThrow(expect.objectContaining({ code: 'ESRCH', syscall: 'pidfd_send_signal' }));
  closeSync(pidfd);
});

test('a process that never was is ESRCH', () => {
  expect(() => native.pidfdOpen(2 ** 22 + 1)).toThrow(
    expect.objectContaining({ code: 'ESRCH', syscall: 'pidfd_open' }),
  );
});

test('reaping what is not our child is ECHILD', () => {
  const pidfd = native.pidfdOpen(process.ppid);
  expect(() => native.reap(pidfd)).toThrow(expect.objectContaining({ code: 'ECHILD', syscall: 'waitid' }));
  closeSync(pidfd);
});
