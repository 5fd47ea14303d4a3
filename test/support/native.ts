// SPDX-License-Identifier: Apache-2.0
// For tests of the addon: a load of its own per test file, and descriptors that are checked for leaks.

import { closeSync, readdirSync } from 'node:fs';
import { loadNative } from '../../lib/native/load.js';
import type { Channel, ChannelHandlers, Fd, Native } from '../../lib/native/native.js';

export const native: Native = loadNative();

/** Numbers of this process's open descriptors. */
export const openDescriptors = (): readonly string[] => readdirSync('/proc/self/fd');

/** A channel that collects what comes. */
export class Collector {
  readonly messages: Buffer[] = [];
  drains = 0;
  readonly closed: Promise<Error | undefined>;
  readonly channel: Channel;
  #waiting: (() => void) | undefined;

  constructor(fd: Fd, handlers: Partial<ChannelHandlers> = {}) {
    let resolveClosed: (error: Error | undefined) => void = () => undefined;
    this.closed = new Promise((resolve) => {
      resolveClosed = resolve;
    });
    this.channel = native.openChannel(fd, {
      onMessage: (message) => {
        this.messages.push(message);
        handlers.onMessage?.(message);
        this.#waiting?.();
      },
      onDrain: () => {
        this.drains++;
        handlers.onDrain?.();
        this.#waiting?.();
      },
      onClose: (error) => {
        handlers.onClose?.(error);
        resolveClosed(error);
      },
    });
  }

  /** Resolves when the condition holds after some message or drain. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      await new Promise<void>((resolve) => {
        this.#waiting = resolve;
      });
    }
  }

  texts(): readonly string[] {
    return this.messages.map((message) => message.toString());
  }
}

export const closeAll = (...fds: readonly Fd[]): void => {
  for (const fd of fds) closeSync(fd);
};
