// SPDX-License-Identifier: Apache-2.0
// Measuring commands against each other: the rounds are interleaved, so that noise hits all alike.

import { spawnSync } from 'node:child_process';
import { performance } from 'node:perf_hooks';

/** Extra CA certificates cost every Node start tens of milliseconds and are not ours. */
const environment = { ...process.env };
delete environment.NODE_EXTRA_CA_CERTS;

/** @param {readonly string[]} command @returns {number} milliseconds; NaN when it failed */
export const timeOnce = (command) => {
  const start = performance.now();
  const { status } = spawnSync(command[0], command.slice(1), {
    env: environment,
    stdio: ['ignore', 'ignore', 'ignore'],
  });
  const elapsed = performance.now() - start;
  return status === 0 ? elapsed : NaN;
};

/** @param {readonly number[]} values */
export const median = (values) => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
};

export const isInstalled = (program) => spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;

/**
 * @param {string} title
 * @param {readonly { name: string, command: readonly string[] }[]} cases the first is the floor that ratios refer to
 * @param {number} rounds
 */
export const compare = (title, cases, rounds) => {
  const usable = cases.filter(({ name, command }) => {
    const works = !Number.isNaN(timeOnce(command));
    if (!works) console.log(`${title}: ${name} does not work here, left out`);
    return works;
  });
  const times = new Map(usable.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const { name, command } of usable) times.get(name).push(timeOnce(command));
  }
  const floor = median(times.get(usable[0].name));
  console.log(`\n${title} (median of ${rounds}, ms)`);
  for (const { name } of usable) {
    const value = median(times.get(name));
    console.log(
      `  ${name.padEnd(44)} ${value.toFixed(1).padStart(8)}   x${(value / floor).toFixed(2)}   +${(value - floor).toFixed(1)}`,
    );
  }
};
