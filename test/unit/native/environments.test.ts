// SPDX-License-Identifier: Apache-2.0
// The addon in more than one place at once: worker threads, a second load, and environments that end too early.

import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { builtFile, loadNative } from '../../../lib/native/load.js';
import { Collector, native, openDescriptors } from '../../support/native.js';

const load = `const m = { exports: {} }; process.dlopen(m, ${JSON.stringify(builtFile('sampan.node'))}); const native = m.exports;`;

/** Node counts the descriptors that a worker opens through node:fs, and warns when it closes one of the addon's. */
const rawDescriptors = { eval: true, trackUnmanagedFds: false };

test('a second load works beside the first', async () => {
  const second = loadNative();
  expect(second.openChannel).not.toBe(native.openChannel);
  const [ours, theirs] = second.seqpacketPair();
  const receiver = new Collector(ours);
  const sender = second.openChannel(theirs, {
    onMessage: () => undefined,
    onDrain: () => undefined,
    onClose: () => undefined,
  });
  sender.send(Buffer.from('hello'));
  sender.close();
  await receiver.closed;
  expect(receiver.texts()).toEqual(['hello']);
});

test('a worker thread talks to the main thread', async () => {
  const [ours, theirs] = native.seqpacketPair();
  const receiver = new Collector(ours);
  const worker = new Worker(
    `${load} const c = native.openChannel(${String(theirs)}, { onMessage(m) { c.send(Buffer.concat([m, m])); }, onDrain() {}, onClose() {} });`,
    rawDescriptors,
  );
  receiver.channel.send(Buffer.from('ab'));
  await receiver.until(() => receiver.messages.length === 1);
  expect(receiver.texts()).toEqual(['abab']);
  receiver.channel.close();
  await once(worker, 'exit');
});

test('a worker that is terminated with an open channel and an open wait closes both', async () => {
  const before = openDescriptors().length;
  for (let i = 0; i < 10; i++) {
    const [ours, theirs] = native.seqpacketPair();
    const receiver = new Collector(ours);
    const worker = new Worker(
      `${load} const c = native.openChannel(${String(theirs)}, { onMessage() {}, onDrain() {}, onClose() {} });
       const pidfd = native.pidfdOpen(process.pid); native.pidfdWait(pidfd); require('fs').closeSync(pidfd); c.send(Buffer.from('up'));`,
      rawDescriptors,
    );
    await receiver.until(() => receiver.messages.length === 1);
    await worker.terminate();
    await receiver.closed;
  }
  expect(openDescriptors().length).toBe(before);
});

test('a handler that throws is an uncaught exception of its environment', async () => {
  const [ours, theirs] = native.seqpacketPair();
  const sender = new Collector(ours);
  const worker = new Worker(
    `${load} native.openChannel(${String(theirs)}, { onMessage() { throw new Error('from the handler'); }, onDrain() {}, onClose() {} });`,
    rawDescriptors,
  );
  const failed = once(worker, 'error');
  sender.channel.send(Buffer.from('x'));
  const [error] = (await failed) as [Error];
  expect(error.message).toBe('from the handler');
  await sender.closed;
});

test('a program whose channels are closed ends by itself, one with an open channel at process.exit', () => {
  const run = (body: string): string =>
    execFileSync(process.execPath, ['-e', `${load} ${body}`], { encoding: 'utf8', timeout: 20_000 });
  const handlers = '{ onMessage() {}, onDrain() {}, onClose() { console.log("closed"); } }';
  const body = `const [a, b] = native.seqpacketPair(); const x = native.openChannel(a, ${handlers}); const y = native.openChannel(b, ${handlers});`;
  expect(run(`${body} x.close();`)).toBe('closed\n');
  expect(run(`${body} setTimeout(() => process.exit(0), 10);`)).toBe('');
});
