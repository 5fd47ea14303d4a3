// SPDX-License-Identifier: Apache-2.0
// Running other programs from the test set-up, where a failure must show what the program said.

import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Its stdout; throws with its stderr when it fails. */
export const output = (program, args, options = {}) => {
  const result = spawnSync(program, args, { encoding: 'utf8', maxBuffer: 1 << 28, ...options });
  if (result.error) throw result.error;
  if (result.status !== 0) {
    throw new Error(
      `${program} ${args.join(' ')} ended with ${result.signal ?? String(result.status)}\n${result.stdout ?? ''}${result.stderr ?? ''}`,
    );
  }
  return result.stdout;
};

/** Runs it with our own output; returns whether it succeeded. */
export const succeeds = (program, args, options = {}) =>
  spawnSync(program, args, { stdio: 'ignore', ...options }).status === 0;

/** /usr/sbin too: a user's PATH often lacks it (mkfs.ext4, debootstrap). */
export const hasProgram = (name) =>
  [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin'].some((directory) => {
    try {
      accessSync(join(directory, name), constants.X_OK);
      return true;
    } catch {
      // not in this directory
      return false;
    }
  });
