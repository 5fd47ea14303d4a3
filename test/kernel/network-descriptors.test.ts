// SPDX-License-Identifier: Apache-2.0
// A netd that has no descriptor left, not even of those that are kept back for leases, or no time.

import { closeSync } from 'node:fs';
import { execa } from 'execa';
import { native } from '../support/native.js';
import { netdDirectory, netdPid } from '../support/netd.js';
import { poll, sleep } from '../support/poll.js';
import { requires } from '../support/requires.js';
import { readText } from '../support/sandbox.js';
import { image, ok, uniqueName } from '../support/tool.js';

const container = requires('userns', 'mount-in-userns', 'overlay-in-userns', 'busybox', 'dev-net-tun');

/** utime and stime (proc_pid_stat(5)), in ticks of 10 ms. */
const ticksOf = (pid: number): number => {
  const fields =
    readText(`/proc/${String(pid)}/stat`)
      .split(') ')[1]
      ?.split(' ') ?? [];
  return Number(fields[11]) + Number(fields[12]);
};

/** of descriptors of netd, which has less than 64 at the beginning: one more client than that leaves somebody waiting */
const limit = 70;

container.test('sleeps while somebody waits to be accepted, and accepts him when there is one again', async () => {
  const name = uniqueName();
  await ok(['run', '-d', '--name', name, await image(), 'sleep', '100']);
  const pid = netdPid() ?? 0;
  await execa('prlimit', ['--pid', String(pid), `--nofile=${String(limit)}:${String(limit)}`]);
  const waiting: number[] = [];
  try {
    while (waiting.length <= limit) waiting.push(native.seqpacketConnect(netdDirectory(), 'netd'));
    await sleep(300);
    const before = ticksOf(pid);
    await sleep(2000);
    expect(ticksOf(pid) - before).toBeLessThan(15);
  } finally {
    for (const fd of waiting) closeSync(fd);
  }
  await poll(async () => (await ok(['run', '--rm', await image(), 'ip', 'route'])).includes('default'));
  expect(netdPid()).toBe(pid);
  await ok(['rm', '-f', name]);
});

container.test('two hundred who come while it has no time find a place to wait', async () => {
  const name = uniqueName();
  await ok(['run', '-d', '--name', name, await image(), 'sleep', '100']);
  const pid = netdPid() ?? 0;
  const waiting: number[] = [];
  process.kill(pid, 'SIGSTOP');
  try {
    while (waiting.length < 200) waiting.push(native.seqpacketConnect(netdDirectory(), 'netd'));
  } finally {
    process.kill(pid, 'SIGCONT');
    for (const fd of waiting) closeSync(fd);
  }
  expect(await ok(['run', '--rm', await image(), 'ip', 'route'])).toContain('default');
  expect(netdPid()).toBe(pid);
  await ok(['rm', '-f', name]);
});
