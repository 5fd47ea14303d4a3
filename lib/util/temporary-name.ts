// SPDX-License-Identifier: Apache-2.0
// Names of half-written files and directories beside the ones they will replace. They say whose they are, so that what a killed command
// left is removed by the next one that writes the same file.

import { readlinkSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { isAlive, readBootId, readIdentity } from './process-identity.js';
import { sha256 } from './sha256.js';

/** A path in the same directory. */
export const temporaryName = (target: string): string => {
  const identity = readIdentity(process.pid);
  if (identity === undefined) throw new Error('/proc does not show this process');
  const name = `${prefixOf(target)}${String(identity.pid)}-${identity.startTime}.tmp`;
  return join(dirname(target), name);
};

/** Whether a name is one of those for this target, and its owner has ended. */
export const isAbandoned = (target: string, name: string): boolean => {
  const prefix = prefixOf(target);
  const owner = name.startsWith(prefix) ? /^(\d+)-(\d+)\.tmp$/.exec(name.slice(prefix.length)) : null;
  return owner !== null && !isAlive({ pid: Number(owner[1]), startTime: String(owner[2]) });
};

const prefixOf = (target: string): string => `.${basename(target)}.${scope()}-`;

/** Process ids mean something within one boot and pid namespace: files of another machine on a shared disk are not ours. */
const scope = (): string => sha256(`${readBootId()} ${readlinkSync('/proc/self/ns/pid')}`).slice(0, 8);
