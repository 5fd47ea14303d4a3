// SPDX-License-Identifier: Apache-2.0
// A container that is stopped for as long as its files are read: a process half way through a write leaves them as they
// are. Whoever is killed meanwhile leaves a note in scratch space, by which the next command lets the container go on.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { hasErrno } from '../../errors/sampan-error.js';
import { freezeCgroup, isFrozen, thawCgroup } from '../../runtime/cgroup.js';
import { writeFileAtomic } from '../../store/atomic.js';
import { makeScratch } from '../../store/scratch.js';
import type { ContainerContext } from './context.js';
import type { FoundContainer } from './find.js';
import { deriveStatus } from './status.js';

export interface Pause extends AsyncDisposable {
  readonly warnings: readonly string[];
}

const noteName = 'frozen';

/** Until it is disposed. Of a container that does not run, or is paused already, nothing is touched. */
export const pauseFor = async (
  context: ContainerContext,
  { files, record: { name } }: FoundContainer,
  wanted: boolean,
): Promise<Pause> => {
  const nothing = (warnings: readonly string[]): Pause => ({
    warnings,
    [Symbol.asyncDispose]: () => Promise.resolve(),
  });
  const state = deriveStatus(files);
  if (!wanted || state.status !== 'running') return nothing([]);
  const { cgroup } = state.run;
  if (cgroup === undefined)
    return nothing([`${name} went on running while it was read: it has no cgroup to pause it in`]);
  if (isFrozen(cgroup)) return nothing([]);
  const scratch = makeScratch(context.paths);
  writeFileAtomic(join(scratch, noteName), cgroup, { durable: false });
  const frozen = await freezeCgroup(cgroup);
  return {
    warnings: frozen ? [] : [`${name} went on running while it was read: its cgroup ${cgroup} could not be frozen`],
    [Symbol.asyncDispose]: async () => {
      thawCgroup(cgroup);
      await context.removeTree(scratch);
    },
  };
};

/** @param scratch of an owner that is dead */
export const thawAbandoned = (scratch: string): void => {
  try {
    thawCgroup(readFileSync(join(scratch, noteName), 'utf8'));
  } catch (error) {
    if (!hasErrno(error, 'ENOENT', 'ENOTDIR', 'EISDIR', 'EACCES')) throw error;
  }
};
