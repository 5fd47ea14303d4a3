// SPDX-License-Identifier: Apache-2.0
// What the helper says about a tree that it has packed, or could not.

import { HelperFailure } from '../../native/helper.js';
import { planError } from '../../runtime/plan-failure.js';
import { sampanError } from '../../errors/sampan-error.js';

const packOperations: ReadonlySet<string> = new Set(['pack_tar', 'pack_layer']);

/** @param what the container, for messages */
export const packError = (error: unknown, what: string): unknown => {
  if (!(error instanceof HelperFailure)) return error;
  const general = planError(error);
  if (!packOperations.has(error.operation) || general.code !== 'ERR_PLAN_FAILED') return general;
  const { subject, detail, code, errno } = error;
  if (code === 'EILSEQ') return sampanError('ERR_PACK', { subject: `${what}: ${subject}: ${detail}` });
  const place = subject === '' ? what : `${what}: ${subject}`;
  return sampanError('ERR_PACK', { subject: place, op: error.operation, errno, cause: general.cause });
};

/** What is in the archive other than it was. */
export const packWarnings = (counts: Readonly<Record<string, number>>): readonly string[] => {
  const { changed = 0, mountsSkipped = 0 } = counts;
  return [
    ...(changed === 0 ? [] : [`${of(changed, 'file', 'files')} changed while being read and may be incomplete`]),
    ...(mountsSkipped === 0 ? [] : [`${of(mountsSkipped, 'mount', 'mounts')} below left out`]),
  ];
};

const of = (count: number, one: string, several: string): string => `${String(count)} ${count === 1 ? one : several}`;
