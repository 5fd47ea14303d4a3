// SPDX-License-Identifier: Apache-2.0
import { closeSync, fstatSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { Collector, native, openDescriptors } from '../../support/native.js';

const largestFrame = 16 + 64 * 1024;

const pair = (): readonly [Collector, Collector] => {
  const [ours, theirs] = native.seqpacketPair();
  return [new Collector(ours), new Collector(theirs)];
};

const bytes = (text: string): Buffer => Buffer.from(text);

test('messages keep their bounds and order, and the close comes after them', async () => {
  const [a, b] = pair();
  expect(a.channel.send(bytes('one'))).toBe(true);
  expect(a.channel.send(bytes('two'))).toBe(true);
  a.channel.close();
  await expect(b.closed).resolves.toBeUndefined();
  expect(b.texts()).toEqual(['one', 'two']);
});

test('a full socket queues, and drains once the peer reads', async () => {
  const [a, b] = pair();
  b.channel.pause();
  const message = Buffer.alloc(largestFrame, 'x');
  let sent = 1;
  while (a.channel.send(message)) sent++;
  a.channel.send(message);
  sent++;
  expect(sent).toBeGreaterThan(3);
  expect(a.drains).toBe(0);
  b.channel.resume();
  await a.until(() => a.drains === 1);
  await b.until(() => b.messages.length === sent);
  expect(b.messages.every((received) => received.equals(message))).toBe(true);
  a.channel.close();
  await b.closed;
});

test('a paused channel receives nothing until it is resumed', async () => {
  const [a, b] = pair();
  b.channel.pause();
  a.channel.send(bytes('late'));
  for (let i = 0; i < 5; i++) await turn();
  expect(b.messages).toEqual([]);
  b.channel.resume();
  await b.until(() => b.messages.length === 1);
  a.channel.close();
  await b.closed;
});

test('pausing inside the handler stops at that message', async () => {
  const [ours, theirs] = native.seqpacketPair();
  const a = new Collector(ours);
  const b: Collector = new Collector(theirs, {
    onMessage: () => {
      b.channel.pause();
    },
  });
  for (const text of ['1', '2', '3']) a.channel.send(bytes(text));
  await b.until(() => b.messages.length === 1);
  for (let i = 0; i < 5; i++) await turn();
  expect(b.texts()).toEqual(['1']);
  a.channel.close();
  b.channel.close();
});

test('closing inside the handler is the last thing that happens', async () => {
  const [ours, theirs] = native.seqpacketPair();
  const a = new Collector(ours);
  let closes = 0;
  const b: Collector = new Collector(theirs, {
    onMessage: () => {
      b.channel.close();
    },
    onClose: () => {
      closes++;
    },
  });
  a.channel.send(bytes('1'));
  a.channel.send(bytes('2'));
  await a.closed;
  for (let i = 0; i < 5; i++) await turn();
  expect(b.texts()).toEqual(['1']);
  expect(closes).toBe(0);
});

test('what the peer sent before it closed arrives, though it left our messages unread', async () => {
  const [a, b] = pair();
  b.channel.pause();
  a.channel.send(bytes('never read'));
  b.channel.send(bytes('last words'));
  b.channel.close();
  await expect(a.closed).resolves.toBeUndefined();
  expect(a.texts()).toEqual(['last words']);
});

test('a queue that nobody will read any more does not hide what came before the end', async () => {
  const [a, b] = pair();
  a.channel.pause();
  b.channel.pause();
  const message = Buffer.alloc(largestFrame);
  while (a.channel.send(message));
  b.channel.send(bytes('last words'));
  b.channel.close();
  a.channel.resume();
  await expect(a.closed).resolves.toBeUndefined();
  expect(a.texts()).toEqual(['last words']);
  expect(a.drains).toBe(0);
});

test('sending to a peer that has gone says EPIPE', async () => {
  const [a, b] = pair();
  b.channel.close();
  expect(() => a.channel.send(bytes('x'))).toThrow(expect.objectContaining({ code: 'EPIPE', syscall: 'send' }));
  await a.closed;
  expect(() => a.channel.send(bytes('x'))).toThrow(expect.objectContaining({ code: 'EPIPE' }));
});

test('a message over the largest frame ends the connection with an error', async () => {
  const [a, b] = pair();
  a.channel.send(Buffer.alloc(largestFrame + 1));
  await expect(b.closed).resolves.toMatchObject({ code: 'EMSGSIZE', syscall: 'recv' });
  a.channel.close();
});

test('messages of the largest size go through', async () => {
  const [a, b] = pair();
  a.channel.send(Buffer.alloc(largestFrame, 7));
  await b.until(() => b.messages.length === 1);
  expect(b.messages[0]?.length).toBe(largestFrame);
  a.channel.close();
  await b.closed;
});

test('close is idempotent and closes the descriptor at once', () => {
  const [ours, theirs] = native.seqpacketPair();
  const a = new Collector(ours);
  a.channel.close();
  a.channel.close();
  expect(() => fstatSync(ours)).toThrow(expect.objectContaining({ code: 'EBADF' }));
  closeSync(theirs);
});

test('many channels leave no descriptor behind', async () => {
  const before = openDescriptors().length;
  for (let i = 0; i < 50; i++) {
    const [a, b] = pair();
    a.channel.send(bytes(String(i)));
    a.channel.close();
    await b.closed;
  }
  expect(openDescriptors().length).toBe(before);
});

test('arguments of the wrong kind are type errors, and the descriptor is still closed', () => {
  const [ours, theirs] = native.seqpacketPair();
  const open = native.openChannel as (...args: readonly unknown[]) => unknown;
  expect(() => open(ours, { onMessage: 1 })).toThrow('onMessage: expected a function');
  expect(() => fstatSync(ours)).toThrow(expect.objectContaining({ code: 'EBADF' }));
  expect(() => open(theirs)).toThrow('handlers: expected an object');
});

test('a descriptor that is no socket is an error with errno and system call', () => {
  const [read, write] = native.pipe();
  const channel = new Collector(read);
  expect(() => channel.channel.send(bytes('x'))).toThrow(
    expect.objectContaining({
      code: 'ENOTSOCK',
      errno: -88,
      syscall: 'send',
      message: 'ENOTSOCK: socket operation on non-socket, send',
    }),
  );
  channel.channel.close();
  closeSync(write);
});

test('a missing socket is an error that names it, however long its directory is', () => {
  const directory = mkdtempSync(join(tmpdir(), 'sampan-'.padEnd(200, 'x')));
  try {
    expect(() => native.seqpacketConnect(directory, 'attach')).toThrow(
      expect.objectContaining({ code: 'ENOENT', path: join(directory, 'attach') }),
    );
  } finally {
    rmSync(directory, { recursive: true });
  }
});
