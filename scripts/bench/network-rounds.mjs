// SPDX-License-Identifier: Apache-2.0
// The rounds of `npm run bench -- network`, run in namespaces of an unprivileged user.

import { loadavg } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { median } from './measure.mjs';
import { clientAddress } from './network-measures.mjs';
import { measureMemory } from './network-memory.mjs';
import { contendersOf, rows } from './network-rows.mjs';
import { startStacks } from './network-stacks.mjs';
import { measureStart } from './network-start.mjs';
import { cpuSeconds, makeWorld, startServers } from './network-world.mjs';

const settleMilliseconds = 50;

export const runNetworkRounds = async (job) => {
  const world = makeWorld(job);
  for (const inside of [(command) => command, world.inside]) startServers(inside, job.load);
  const stacks = await startStacks(job);
  console.log(`load of the machine at the start: ${loadavg()[0].toFixed(1)}`);
  try {
    const wants = (group) => job.groups.includes(group);
    const idle = wants('memory') ? measureMemory.idle(stacks) : undefined;
    for (const row of rows.filter(({ group }) => wants(group))) await compareStacks({ row, stacks, world, job });
    if (wants('published')) await showClientAddresses(stacks, world, job);
    if (wants('start')) await measureStart(job);
    if (idle !== undefined) await measureMemory.after(idle, { stacks, world, job });
  } finally {
    console.log(`\nload of the machine at the end: ${loadavg()[0].toFixed(1)}`);
    for (const stack of stacks) stack.stop?.();
  }
};

const compareStacks = async ({ row, stacks, world, job }) => {
  const contenders = contendersOf(row, stacks, world);
  const results = new Map(contenders.map(({ name }) => [name, []]));
  const failures = new Map();
  for (let round = 0; round < job.rounds; round++) {
    for (const contender of contenders.filter(({ name }) => !failures.has(name))) {
      await sleep(settleMilliseconds);
      try {
        results.get(contender.name).push(await measureOne(row, contender, job));
      } catch (error) {
        failures.set(contender.name, error.message);
      }
    }
  }
  print(row, { contenders, results, failures, rounds: job.rounds });
};

const measureOne = async (row, { ends, pids }, job) => {
  const before = cpuSeconds(pids);
  const result = await row.measure(ends, job);
  const cpu = cpuSeconds(pids) - before;
  return { ...result, cpuPerGigabyte: pids.length === 0 ? undefined : cpu / ((result.bytes ?? NaN) / 1e9) };
};

const print = ({ title, unit }, { contenders, results, failures, rounds }) => {
  console.log(`\n${title} (${unit}, median of ${String(rounds)})`);
  const lines = contenders
    .filter(({ name }) => !failures.has(name))
    .map(({ name, isLimit }) => ({ name, isLimit, ...middle(results.get(name)) }));
  const ours = lines.find(({ name }) => name === 'sampan');
  for (const { name, value, cpuPerGigabyte, note } of lines) {
    const ratio = ours === undefined || name === 'sampan' ? '' : `sampan has x${(ours.value / value).toFixed(2)}`;
    const cpu = Number.isFinite(cpuPerGigabyte) ? `CPU ${cpuPerGigabyte.toFixed(3)} s/GB` : '';
    console.log(
      `  ${name.padEnd(12)} ${shown(value).padStart(9)}   ${cpu.padEnd(18)} ${ratio.padEnd(18)} ${note ?? ''}`.trimEnd(),
    );
  }
  for (const [name, reason] of failures) console.log(`  ${name.padEnd(12)} failed: ${reason}`);
  printVerdict(ours, lines);
};

/** What is asked of sampan: speed and CPU against the best peer. */
const printVerdict = (ours, lines) => {
  const peers = lines.filter(({ name, isLimit }) => !isLimit && name !== 'sampan');
  if (ours === undefined || peers.length === 0) return;
  const fastest = peers.reduce((best, peer) => (peer.value > best.value ? peer : best));
  const costs = peers.map(({ cpuPerGigabyte }) => cpuPerGigabyte).filter(Number.isFinite);
  const cpu = costs.length === 0 ? '' : `, CPU x${(ours.cpuPerGigabyte / Math.min(...costs)).toFixed(2)}`;
  console.log(`  -> x${(ours.value / fastest.value).toFixed(2)} the best peer (${fastest.name})${cpu}`);
};

const middle = (list) => ({
  value: median(list.map(({ value }) => value)),
  cpuPerGigabyte: median(list.map(({ cpuPerGigabyte }) => cpuPerGigabyte)),
  note: list.at(-1)?.note,
});

const shown = (value) => (value >= 100 ? value.toFixed(0) : value.toFixed(2));

const showClientAddresses = async (stacks, world, job) => {
  console.log('\npublished port: who the server takes a client on another host for');
  const [row] = rows.filter(({ title }) => title === 'request/response, published, 1 connection(s)');
  for (const { name, ends } of contendersOf(row, stacks, world))
    console.log(`  ${name.padEnd(12)} ${await clientAddress(ends, job).catch((error) => `failed: ${error.message}`)}`);
};
