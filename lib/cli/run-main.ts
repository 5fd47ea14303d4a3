// SPDX-License-Identifier: Apache-2.0
// One command line from argv to exit code. Whatever is thrown ends up here and is printed once.

import { asksForDebug, CommandFailure, dispatch } from './dispatch.js';
import { exitCodeOf, isBrokenPipe } from './exit-code.js';
import type { Host } from './host.js';
import { errorText } from './print-error.js';
import { openHost } from './process-host.js';

export const runMain = async (words: readonly string[]): Promise<number> => {
  const debug = asksForDebug(words, process.env);
  const host = await openHost({ debug });
  try {
    return await dispatch(words, host);
  } catch (error) {
    return reportFailure(error, host, debug);
  }
};

/** Prints the failure, unless nobody reads any more, and tells the exit code. */
export const reportFailure = async (error: unknown, host: Pick<Host, 'stderr'>, debug: boolean): Promise<number> => {
  const failure = error instanceof CommandFailure ? error : new CommandFailure(error, exitCodeOf(error, false));
  if (isBrokenPipe(failure.cause)) return failure.exitCode;
  try {
    await host.stderr.write(errorText(failure.cause, { debug }));
  } catch (broken) {
    // stderr is gone too: the exit code is all that is left to say
    if (!isBrokenPipe(broken)) throw broken;
  }
  return failure.exitCode;
};
