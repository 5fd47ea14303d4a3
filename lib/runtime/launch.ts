// SPDX-License-Identifier: Apache-2.0
// The handshake with a helper process of role create or exec: spawn, READY, (the caller records), GO, STARTED.

import { closeSync } from 'node:fs';
import { isSampanError } from '../errors/sampan-error.js';
import { errnoName } from '../native/errno.js';
import { failureOf, lostHelper, spawnHelper } from '../native/helper.js';
import type { HelperEvent } from '../native/frames.js';
import type { Native } from '../native/native.js';
import type { PlanOperation } from '../native/protocol.js';
import { readIdentity, type ProcessIdentity } from '../util/process-identity.js';
import { Connection } from './connection.js';
import { planError } from './plan-failure.js';

export interface LaunchOptions {
  readonly role: 'create' | 'exec';
  /** shown by ps */
  readonly title: string;
  readonly operations: readonly PlanOperation[];
  /** open descriptors, in the order of the plan's slots; they stay the caller's */
  readonly descriptors: readonly number[];
  /** called once the helper is at work; what takes time and is needed later belongs here */
  readonly onSpawned?: (() => void) | undefined;
}

/** A process that is ready to be executed. */
export interface Launched {
  readonly helper: ProcessIdentity;
  readonly init: ProcessIdentity;
  /** where its ports are published, as the network process says it */
  readonly published: string;
  readonly connection: Connection;
  /** lets it go on; resolves when execve has succeeded. @throws what the failure means */
  go(): Promise<void>;
}

export const launchHelper = async (native: Native, options: LaunchOptions): Promise<Launched> => {
  const spawned = spawnHelper(native, options);
  closeSync(spawned.pidfd);
  const connection = new Connection((handlers) => native.openChannel(spawned.control, handlers));
  try {
    const helper = readIdentity(spawned.pid);
    options.onSpawned?.();
    const ready = await expectEvent(connection, 'ready');
    if (helper === undefined) throw planError(lostHelper('READY'));
    return {
      helper,
      init: { pid: ready.pid, startTime: ready.startTime },
      published: ready.published,
      connection,
      go: async () => {
        await connection.send({ type: 'go' });
        await expectEvent(connection, 'started').catch((error: unknown) => {
          connection.close();
          throw error;
        });
      },
    };
  } catch (error) {
    // What the helper has made goes before it ends: whoever tries once more would lose his own with it.
    if (hasLostNetd(error)) while ((await connection.receive()) !== undefined) continue;
    connection.close();
    throw error;
  }
};

/** The network process was there, and ended before it had done its part. */
export const hasLostNetd = (error: unknown): boolean =>
  isSampanError(error, 'ERR_NETD') && error.errno !== undefined && errnoName(error.errno) === 'ECONNRESET';

const expectEvent = async <T extends 'ready' | 'started'>(
  connection: Connection,
  type: T,
): Promise<Extract<HelperEvent, { readonly type: T }>> => {
  const event = await connection.receive();
  if (event?.type === type) return event as Extract<HelperEvent, { readonly type: T }>; // what was just compared
  throw planError(event?.type === 'error' ? failureOf(event) : lostHelper(type.toUpperCase()));
};
