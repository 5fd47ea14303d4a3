// SPDX-License-Identifier: Apache-2.0
// A task of the helper whose work is a stream of bytes: they come through a pipe, its counts after the last of them.

import { closeSync } from 'node:fs';
import { Socket } from 'node:net';
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

export const outputSlot = 0;

/**
 * Reads the stream to its end. Whoever stops before ends the task.
 * @param onDone gets the counts
 * @throws HelperFailure, after the bytes that came before the failure
 */
export async function* streamTask(
  native: Native,
  task: StreamTask,
  onDone: (counts: Readonly<Record<string, number>>) => void,
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
