// SPDX-License-Identifier: Apache-2.0
// What a network adds to the start of a container: with netd running (other containers hold it), and without, which
// needs a store where no other container is.

import { spawnSync } from 'node:child_process';
import { performance } from 'node:perf_hooks';
import { median } from './measure.mjs';
import { fillStore, netds, sampan, storeOf } from './network-stacks.mjs';
import { waitUntil } from './network-world.mjs';

const samples = 15;
const coldSamples = 9;
const netdPatience = 10_000;

export const measureStart = async (job) => {
  fillStore(job, 'cold');
  const run = (network, ...rest) => sampan('run', '--rm', '--network', network, ...rest, 'bench', '/load', 'true');
  const cases = [
    { name: '--network none', command: run('none'), store: 'data' },
    { name: '--network bridge, netd up', command: run('bridge'), store: 'data' },
    { name: 'the same with -p', command: run('bridge', '-p', '50080:80'), store: 'data' },
  ];
  const times = new Map(cases.map(({ name }) => [name, []]));
  for (let sample = -1; sample < samples; sample++) {
    for (const { name, command, store } of cases) {
      const elapsed = timeOf(command, storeOf(job.directory, store));
      // the first is only for warmth
      if (sample >= 0) times.get(name).push(elapsed);
    }
  }
  print(times, await measureCold(run, job));
};

/** Each beside one without a network, because it is minutes until the last one. */
const measureCold = async (run, job) => {
  const others = netds().length;
  const times = { none: [], cold: [] };
  for (let sample = 0; sample < coldSamples; sample++) {
    times.none.push(timeOf(run('none'), storeOf(job.directory, 'cold')));
    times.cold.push(timeOf(run('bridge'), storeOf(job.directory, 'cold')));
    await waitUntil('the end of netd', () => netds().length <= others, netdPatience);
  }
  return times;
};

const timeOf = ([program, ...args], options) => {
  const start = performance.now();
  const { status, stderr } = spawnSync(program, args, { ...options, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${args.join(' ')}: ${stderr}`);
  return performance.now() - start;
};

const print = (times, { none, cold }) => {
  console.log(
    `\nstart-up: sampan run --rm ... true (ms, median of ${String(samples)}, without netd of ${String(coldSamples)})`,
  );
  const floor = median(times.get('--network none'));
  for (const [name, list] of times) printRow(name, median(list), floor);
  printRow('--network bridge, no netd', median(cold), median(none));
};

const printRow = (name, value, floor) => {
  console.log(`  ${name.padEnd(28)} ${value.toFixed(1).padStart(7)}   +${(value - floor).toFixed(1)}`);
};
