// SPDX-License-Identifier: Apache-2.0
// One command and everything that it starts: wall time and CPU time, and in a run of its own (looking costs time) the
// most memory that they held together. Resident pages that several processes share are counted for each of them.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const sampleMilliseconds = 10;
const shownBytes = 4096;
/** bash's `time` counts what was waited for, children of children too */
const timed = 'TIMEFORMAT="time %R %U %S"; time "$@"';

/** @returns {Promise<{ ok, wall, cpu, peakBytes, message }>} seconds; peakBytes only with `memory` */
export const measureTree = async ({ command, env }, { memory = false } = {}) => {
  const environment = { ...process.env, ...env };
  // costs every Node start tens of milliseconds, and is not ours
  delete environment.NODE_EXTRA_CA_CERTS;
  const child = spawn('bash', ['-c', timed, 'bash', ...command], {
    env: environment,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let text = '';
  child.stderr.setEncoding('utf8').on('data', (chunk) => {
    text = (text + chunk).slice(-shownBytes);
  });
  const watching = memory ? watchMemory(child) : Promise.resolve(NaN);
  const [code] = await once(child, 'close');
  const [, wall, user, system] = /^time (\S+) (\S+) (\S+)$/m.exec(text) ?? [];
  return {
    ok: code === 0,
    wall: Number(wall),
    cpu: Number(user) + Number(system),
    peakBytes: await watching,
    message: text.replace(/^time .*$/m, '').trim(),
  };
};

const watchMemory = async (child) => {
  let peak = 0;
  while (child.exitCode === null && child.signalCode === null) {
    peak = Math.max(peak, bytesBelow(child.pid, ''));
    await sleep(sampleMilliseconds);
  }
  return peak;
};

/**
 * Of the descendants; the shell that takes the time is not one of them. Between vfork and exec a child uses its parent's
 * memory, and then agrees with it in everything that does not change all the time: it is counted once.
 */
const bytesBelow = (pid, shape) =>
  childrenOf(pid).reduce((sum, child) => {
    const status = readIfThere(`/proc/${child}/status`);
    const own = (status.match(/^Vm(?:Size|Data|Stk|Exe|Lib|PTE):.*$/gm) ?? []).join(' ');
    const resident = Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024;
    return sum + (own === shape ? 0 : resident) + bytesBelow(child, own);
  }, 0);

const childrenOf = (pid) =>
  tasksOf(pid).flatMap((task) => readIfThere(`/proc/${pid}/task/${task}/children`).split(' ').filter(Boolean));

const tasksOf = (pid) => {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    // it has ended meanwhile
    return [];
  }
};

const readIfThere = (path) => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
};
