// SPDX-License-Identifier: Apache-2.0
// Private memory of the stacks' processes: idle, with ten thousand open connections, and after all other rows.

import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { contendersOf, rows } from './network-rows.mjs';
import { ports, privateBytes, startInBackground } from './network-world.mjs';

const outboundConnections = 10_000;
/** A relay needs two descriptors for each, and many machines allow 20,000. */
const publishedConnections = 9000;
const patienceMilliseconds = 30_000;
/** sampan gives memory back two seconds after the last use. */
const settleMilliseconds = 3500;

const megabytes = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`;

/** The connections come after all other rows: rootlesskit keeps thousands of pipes, which are missing to others then. */
export const measureMemory = {
  idle: (stacks) => new Map(stacks.map(({ name, pids }) => [name, privateBytes(pids)])),

  after: async (idle, { stacks, world, job }) => {
    const [row] = rows.filter(({ title }) => title === 'request/response, outbound, 1 connection(s)');
    const [publishedRow] = rows.filter(({ title }) => title === 'request/response, published, 1 connection(s)');
    await showOpen(`${String(outboundConnections)} connections to another host`, outboundConnections, {
      contenders: contendersOf(row, stacks, world),
      job,
    });
    await showOpen(`${String(publishedConnections)} connections to a published port`, publishedConnections, {
      contenders: contendersOf(publishedRow, stacks, world),
      job,
    });
    await sleep(settleMilliseconds);
    console.log('\nprivate memory, idle -> after all of this');
    for (const { name, pids } of stacks)
      console.log(`  ${name.padEnd(12)} ${megabytes(idle.get(name))} -> ${megabytesOf(pids)}`);
  },
};

const megabytesOf = (pids) => {
  try {
    return megabytes(privateBytes(pids));
  } catch {
    return 'it has ended';
  }
};

const showOpen = async (title, connections, { contenders, job }) => {
  console.log(`\nprivate memory with ${title} open`);
  for (const { name, ends, pids } of contenders.filter(({ isLimit }) => !isLimit)) {
    const text = await whileOpen({ ends, pids, connections }, job).catch((error) => `failed: ${error.message}`);
    console.log(`  ${name.padEnd(12)} ${text}`);
  }
};

const whileOpen = async ({ ends, pids, connections }, { load }) => {
  const command = [load, 'hold', ends.address, String(ends.port(ports.echo)), String(connections)];
  const holder = startInBackground(ends.client(command), { stdio: ['pipe', 'pipe', 'pipe'] });
  holder.ref();
  let errors = '';
  holder.stderr.setEncoding('utf8').on('data', (chunk) => (errors += chunk));
  const started = Date.now();
  const timer = setTimeout(() => holder.kill('SIGKILL'), patienceMilliseconds);
  try {
    const opened = await Promise.race([
      once(holder.stdout, 'data').then(() => true),
      once(holder, 'close').then(() => false),
    ]);
    if (!opened) throw new Error(errors.trim() || `not open within ${String(patienceMilliseconds / 1000)} s`);
    return `${megabytes(privateBytes(pids))}, opened within ${((Date.now() - started) / 1000).toFixed(1)} s`;
  } finally {
    clearTimeout(timer);
    holder.stdin.end();
    if (holder.exitCode === null && holder.signalCode === null) await once(holder, 'close');
  }
};
