// SPDX-License-Identifier: Apache-2.0
// run = create + start under one lock, so that nobody can start, stop or remove the container in between.

import type { Session } from '../../runtime/session.js';
import type { CreateRequest } from '../../spec/create-request.js';
import { writeContainerRecord } from '../../store/container-records.js';
import type { CreateOptions, StartOptions } from '../contract.js';
import type { ContainerContext } from './context.js';
import { createContainer } from './create.js';
import { removeLocked } from './remove.js';
import { startLocked } from './start.js';
import { wakeNetd } from './wake-netd.js';

export interface RunOptions extends StartOptions, CreateOptions {
  readonly onCreated?: (id: string, warnings: readonly string[]) => Promise<void>;
}

export const runContainer = async (
  context: ContainerContext,
  request: CreateRequest,
  options: RunOptions,
): Promise<{ readonly id: string; readonly session: Session | undefined }> => {
  // A network process that has to be started does so while the container is made.
  await using netd = wakeNetd(context, request);
  const created = await createContainer(context, request, { ...options, madeByRun: true });
  using _lock = created.lock;
  try {
    await options.onCreated?.(created.id, created.warnings);
    await netd.isAwake;
    return { id: created.id, session: await startLocked(context, created, options) };
  } catch (error) {
    // docker keeps a container that could not be started; one that is to be removed at its end is at its end.
    if (request.autoRemove) await removeLocked(context, created);
    else writeContainerRecord(created.files, { ...created.record, madeByRun: false });
    throw error;
  }
};
