// SPDX-License-Identifier: Apache-2.0
// The monitor of a container and its children, as /proc shows them.

import { processIds, readText } from './sandbox.js';

export const isZombie = (pid: number): boolean => /^State:\s+Z/m.test(readText(`/proc/${String(pid)}/status`));

/** undefined when there is none (any more) */
export const monitorOf = (name: string): number | undefined =>
  processIds().find(
    (pid) => readText(`/proc/${String(pid)}/cmdline`).startsWith(`sampan-monitor ${name}\0`) && !isZombie(pid),
  );

export const childrenOf = (pid: number): readonly number[] =>
  readText(`/proc/${String(pid)}/task/${String(pid)}/children`)
    .split(' ')
    .filter(Boolean)
    .map(Number);
