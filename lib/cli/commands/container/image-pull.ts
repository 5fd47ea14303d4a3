// SPDX-License-Identifier: Apache-2.0
// The pull that run and create may begin with: its lines go to stderr, and Ctrl-C ends it as it ends `pull`.

import type { CreateOptions } from '../../../engine/contract.js';
import type { Host } from '../../host.js';
import { openInterrupt, type Interrupt } from '../../interrupt.js';
import { openTransferOutput } from '../../output/transfer-output.js';

/** Until the container is there: then signals belong to it. */
export const withImagePull = async (
  host: Host,
  quiet: boolean,
  work: (pull: NonNullable<CreateOptions['pull']>, settle: () => Promise<void>) => Promise<number>,
): Promise<number> => {
  const abort = new AbortController();
  const output = openTransferOutput({
    ...{ direction: 'pull', messages: host.stderr, layers: host.stderr, terminal: host.terminal, quiet },
  });
  let interrupt: Interrupt | undefined;
  const settle = async (): Promise<void> => {
    interrupt?.[Symbol.dispose]();
    await output[Symbol.asyncDispose]();
  };
  const listen = (): void => {
    interrupt = openInterrupt(host);
    interrupt.signal.addEventListener('abort', () => abort.abort(interrupt?.signal.reason), { once: true });
  };
  const pull = {
    signal: abort.signal,
    onEvent: (event: Parameters<typeof output.onEvent>[0]): void => {
      // nothing is caught as long as nothing is pulled
      if (interrupt === undefined) listen();
      output.onEvent(event);
    },
  };
  try {
    return await work(pull, settle);
  } catch (error) {
    const code = abort.signal.aborted ? interrupt?.exitCode() : undefined;
    if (code === undefined) throw error;
    return code;
  } finally {
    await settle();
  }
};
