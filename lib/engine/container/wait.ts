// SPDX-License-Identifier: Apache-2.0
// Waiting for the end of a container, by way of its monitor: the EXIT frame comes also when --rm removes the container
// a moment later, and when the restart policy starts it again (docker's wait ends then, too).

import { isSampanError } from '../../errors/sampan-error.js';
import { attachToMonitor } from '../../runtime/attach.js';
import { openProcess } from '../../runtime/process-handle.js';
import type { ContainerContext } from './context.js';
import { findContainer, type FoundContainer } from './find.js';
import { attachTarget } from './monitor-operations.js';
import { deriveStatus, isRunning, type CurrentRun } from './status.js';

/** docker's code for a container that has not run is 0. */
export const waitContainer = async (context: ContainerContext, nameOrId: string): Promise<number> => {
  const found = findContainer(context.paths, nameOrId);
  const state = deriveStatus(found.files);
  if (isRunning(state)) {
    const code = await exitFrame(context, found, state.run);
    if (code !== undefined) return code;
    using monitor = openProcess(context.native(), state.run.monitor);
    const pauseMs = 50;
    await monitor?.ended(pauseMs);
    return await waitContainer(context, found.id);
  }
  return state.status === 'exited' ? state.exit.exitCode : 0;
};

/** undefined when the monitor no longer answers: its record tells the rest. */
const exitFrame = async (
  context: ContainerContext,
  found: FoundContainer,
  run: CurrentRun,
): Promise<number | undefined> => {
  const session = await attachToMonitor(context.native(), attachTarget(context, found, run), { streams: 0 });
  if (session === undefined) return undefined;
  try {
    const end = await session.end;
    return end.kind === 'exited' ? end.exitCode : undefined;
  } catch (error) {
    // the monitor was killed: recovery knows what that means
    if (isSampanError(error, 'ERR_CONTAINER_STATE')) return undefined;
    throw error;
  }
};
