// SPDX-License-Identifier: Apache-2.0
// The exit code of a failure. docker's rules (seen with its client 28.2): a bad flag exits 125 in every command, a wrong
// number of arguments 1; run exits 125, 126 or 127 by what failed, other commands 1 but for 126 and 127 of exec.

import { runExitCode } from '../errors/kinds.js';
import { hasErrno, isSampanError } from '../errors/sampan-error.js';
import type { ErrorCode } from '../errors/table.js';

/** 128 + SIGPIPE: whoever read our output has gone. */
const brokenPipe = 141;

export const exitCodeOf = (error: unknown, isRun: boolean): number => {
  if (isBrokenPipe(error)) return brokenPipe;
  if (!isSampanError(error)) return isRun ? 125 : 1;
  const fixed = fixedCodes.get(error.code);
  if (fixed !== undefined) return fixed;
  const code = runExitCode[error.kind];
  return isRun || code !== 125 ? code : 1;
};

/** The same whatever the command. */
const fixedCodes: ReadonlyMap<ErrorCode, number> = new Map([
  ['ERR_USAGE', 125],
  // an option of docker that is not there yet: a bad flag to a script
  ['ERR_NOT_SUPPORTED', 125],
  ['ERR_ARGUMENTS', 1],
  ['ERR_NOT_A_TERMINAL', 1],
  ['ERR_UNKNOWN_COMMAND', 1],
]);

/** The reader of our stdout or stderr closed its end. */
export const isBrokenPipe = (error: unknown): boolean => hasErrno(error, 'EPIPE') && !isSampanError(error);
