// SPDX-License-Identifier: Apache-2.0
// Starts a helper process: the plan and the program itself go over in sealed memory files, because a container's root
// can own the program on disk and must not be able to change what runs outside (CVE-2019-5736).

import { closeSync, constants, openSync } from 'node:fs';
import { errnoName } from './errno.js';
import type { HelperEvent } from './frames.js';
import { builtFile } from './load.js';
import type { Fd, Native } from './native.js';
import { encodePlan } from './plan.js';
import { operationTable, type OperationName, type PlanOperation } from './protocol.js';

export interface HelperOptions {
  readonly role: 'create' | 'exec' | 'task' | 'netd';
  /** shown by ps */
  readonly title: string;
  readonly operations: readonly PlanOperation[];
  /** open descriptors in the order of the plan's slots; they stay the caller's */
  readonly descriptors: readonly Fd[];
  /** descriptor for debug text of the helper (its stderr); stays the caller's */
  readonly debug?: Fd | undefined;
}

export interface SpawnedHelper {
  readonly pid: number;
  /** the caller's to close */
  readonly pidfd: Fd;
  /** our end of the control connection, the caller's to close or to give to openChannel */
  readonly control: Fd;
}

/** The executable's descriptors are laid out as addon/protocol/README.md says. */
export const spawnHelper = (native: Native, options: HelperOptions): SpawnedHelper => {
  const opened: Fd[] = [];
  const own = (fd: Fd): Fd => {
    opened.push(fd);
    return fd;
  };
  let control: Fd | undefined;
  try {
    const plan = own(native.sealedMemfd('sampan-plan', encodePlan(options.operations)));
    const executable = own(native.sealedMemfdFromFile('sampan-helper', builtFile('sampan-helper')));
    const devNull = own(openSync('/dev/null', constants.O_RDWR));
    const pair = native.seqpacketPair();
    control = pair[0];
    const spawned = native.spawn({
      executable,
      argv: [options.title, options.role, String(options.descriptors.length)],
      env: [],
      fds: [devNull, devNull, options.debug ?? devNull, plan, own(pair[1]), ...options.descriptors],
    });
    return { ...spawned, control };
  } catch (error) {
    if (control !== undefined) closeSync(control);
    throw error;
  } finally {
    for (const fd of opened) closeSync(fd);
  }
};

/** An operation of a plan failed, or the helper ended without a word (operation 'none'). Callers translate it. */
export class HelperFailure extends Error {
  readonly stage: 'monitor' | 'init';
  readonly operation: OperationName | 'none';
  /** position in the plan */
  readonly index: number;
  /** as the kernel has it: positive */
  readonly errno: number;
  /** ENOENT and the like */
  readonly code: string;
  /** what it failed on; may be empty */
  readonly subject: string;
  /** the system call that failed, or what else there is to say */
  readonly detail: string;

  constructor(failure: Pick<HelperFailure, 'stage' | 'operation' | 'index' | 'errno' | 'subject' | 'detail'>) {
    const code = failure.errno === 0 ? '' : errnoName(failure.errno);
    super([failure.operation, failure.subject, failure.detail, code].filter((part) => part !== '').join(': '));
    this.name = 'HelperFailure';
    this.stage = failure.stage;
    this.operation = failure.operation;
    this.index = failure.index;
    this.errno = failure.errno;
    this.code = code;
    this.subject = failure.subject;
    this.detail = failure.detail;
  }
}

/** An ERROR frame as an error. */
export const failureOf = (event: Extract<HelperEvent, { type: 'error' }>): HelperFailure =>
  new HelperFailure({ ...event, operation: operationTable[event.operation]?.op ?? 'none' });

/** The helper died or closed the connection before it said what was expected. */
export const lostHelper = (expected: string): HelperFailure =>
  new HelperFailure({
    stage: 'monitor',
    operation: 'none',
    index: 0,
    errno: 0,
    subject: '',
    detail: `the helper ended before it sent ${expected}`,
  });
