// SPDX-License-Identifier: Apache-2.0
// Frames over a control or attach connection: first a handshake that asks for them one by one, then a stream of them,
// with back-pressure both ways.

import type { Channel } from '../native/native.js';
import { decodeFrame, encodeFrame, type Command, type HelperEvent } from '../native/frames.js';

/** Frames that wait here before the kernel's socket buffer is left to fill (64 KiB each). */
const highWater = 16;

export class Connection {
  #channel: Channel | undefined;
  readonly #queue: HelperEvent[] = [];
  #paused = false;
  #closed = false;
  #wake: (() => void) | undefined;
  #drained: (() => void)[] = [];

  /** @param open hands over the channel's handlers; called once */
  constructor(
    open: (handlers: { onMessage: (m: Buffer) => void; onDrain: () => void; onClose: () => void }) => Channel,
  ) {
    this.#channel = open({
      onMessage: (message) => {
        this.#queue.push(decodeFrame(message));
        if (this.#queue.length >= highWater && !this.#paused) {
          this.#paused = true;
          this.#channel?.pause();
        }
        this.#wake?.();
      },
      onDrain: () => {
        this.#release();
      },
      onClose: () => {
        this.#closed = true;
        this.#wake?.();
        this.#release();
      },
    });
  }

  /** The next frame, undefined when the other side has gone. */
  async receive(): Promise<HelperEvent | undefined> {
    while (this.#queue.length === 0 && !this.#closed) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = undefined;
    }
    const frame = this.#queue.shift();
    if (this.#paused && this.#queue.length < highWater / 2) {
      this.#paused = false;
      this.#channel?.resume();
    }
    return frame;
  }

  /** Resolves when there is room for more; a frame to somebody who has gone is dropped, receive() tells that. */
  async send(command: Command): Promise<void> {
    if (this.#closed || this.#channel === undefined) return;
    try {
      if (this.#channel.send(encodeFrame(command))) return;
    } catch {
      // EPIPE, ECONNRESET: the close is reported to receive(), with the frames that came before it
      return;
    }
    await new Promise<void>((resolve) => {
      this.#drained.push(resolve);
    });
  }

  close(): void {
    this.#closed = true;
    this.#channel?.close();
    this.#channel = undefined;
    this.#wake?.();
    this.#release();
  }

  #release(): void {
    const waiting = this.#drained;
    this.#drained = [];
    for (const resolve of waiting) resolve();
  }
}
