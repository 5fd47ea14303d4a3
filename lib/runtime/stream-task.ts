// SPDX-License-Identifier: Apache-2.0
// Tasks of the helper whose work is a stream of bytes: they come and go through pipes, the counts after the last of them.

import { closeSync } from 'node:fs';
import { Socket } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { hasErrno } from '../errors/sampan-error.js';
import { HelperFailure } from '../native/helper.js';
import type { Native } from '../native/native.js';
import type { PlanOperation } from '../native/protocol.js';
import { runTask } from '../native/task.js';

export interface StreamTask {
  /** the stream is descriptor slot 0 */
  readonly operations: readonly PlanOperation[];
  /** slots from 1; they stay the caller's */
  readonly descriptors: readonly number[];
  readonly title: string;
}

type Counts = Readonly<Record<string, number>>;

/** Of the stream, in the tasks' plans. */
export const streamSlot = 0;

/**
 * Reads the stream to its end. Whoever stops before ends the task.
 * @param onDone gets the counts
 * @throws HelperFailure, after the bytes that came before the failure
 */
export async function* streamTask(
  native: Native,
  task: StreamTask,
  onDone: (counts: Counts) => void,
): AsyncGenerator<Uint8Array> {
  const [readEnd, writeEnd] = native.pipe();
  const abort = new AbortController();
  const running = runTask(native, {
    ...task,
    descriptors: [writeEnd, ...task.descriptors],
    signal: abort.signal,
  });
  // Awaited below, or nobody wants to know any more.
  running.catch(() => undefined);
  // The helper has been started by now and has its own copy.
  closeSync(writeEnd);
  const pipe = new Socket({ fd: readEnd, readable: true, writable: false });
  try {
    for await (const chunk of pipe) yield chunk as Uint8Array; // a byte stream: no encoding is set
    onDone(await running);
  } finally {
    pipe.destroy();
    abort.abort();
    await running.catch(() => undefined);
  }
}

/**
 * Runs two tasks with a pipe between them: no byte passes through this process.
 * @throws HelperFailure: of the two the one that brought the other about
 */
export const pipeTasks = async (
  native: Native,
  from: StreamTask,
  to: StreamTask,
): Promise<readonly [from: Counts, to: Counts]> => {
  const [readEnd, writeEnd] = native.pipe();
  const start = (task: StreamTask, end: number): Promise<Counts> =>
    runTask(native, { ...task, descriptors: [end, ...task.descriptors] });
  const running = [start(from, writeEnd), start(to, readEnd)] as const;
  for (const fd of [readEnd, writeEnd]) closeSync(fd);
  const [written, read] = await Promise.allSettled(running);
  // A reader that fails takes the writer's pipe away; a writer that fails leaves the reader half an archive.
  const readerFirst = written.status === 'rejected' && isBrokenPipe(written.reason);
  for (const result of readerFirst ? [read, written] : [written, read]) {
    if (result.status === 'rejected') throw result.reason;
  }
  return [await running[0], await running[1]];
};

/** Runs a task that reads a stream. */
export const feedTask = async (
  native: Native,
  source: AsyncIterable<Uint8Array>,
  task: StreamTask,
): Promise<Counts> => {
  const [readEnd, writeEnd] = native.pipe();
  const running = runTask(native, { ...task, descriptors: [readEnd, ...task.descriptors] });
  closeSync(readEnd);
  const feeding = pipeline(source, new Socket({ fd: writeEnd, readable: false, writable: true }));
  const [fed, ran] = await Promise.allSettled([feeding, running]);
  // What went wrong with the source says more than what the helper made of it, unless it is that nobody reads any more.
  const sourceFailed = fed.status === 'rejected' && !hasErrno(fed.reason, 'EPIPE', 'ECONNRESET');
  if (sourceFailed) throw fed.reason;
  if (ran.status === 'rejected') throw ran.reason;
  return ran.value;
};

const isBrokenPipe = (error: unknown): boolean => error instanceof HelperFailure && error.code === 'EPIPE';
