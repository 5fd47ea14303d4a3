// SPDX-License-Identifier: Apache-2.0
// What a failed copy means to the one who asked for it.

import { sampanError } from '../../errors/sampan-error.js';
import { HelperFailure } from '../../native/helper.js';
import { planError } from '../../runtime/plan-failure.js';

const copyOperations: ReadonlySet<string> = new Set(['pack_tar', 'unpack_into', 'stat_path', 'root_directory']);

export const copyError = (
  error: unknown,
  { path, target }: { readonly path: string; readonly target: string },
): unknown => {
  if (!(error instanceof HelperFailure)) return error;
  const general = planError(error);
  const { operation, subject, detail, code, errno } = error;
  if (!copyOperations.has(operation) || general.code === 'ERR_NO_SPACE') return general;
  const reading = operation === 'pack_tar' || operation === 'stat_path';
  const place = [reading ? path : target, subject].filter((part) => part !== '').join(': ');
  if (code === 'EISDIR') return refused(`${place}: a directory is not replaced by something else`);
  if (code === 'ENOTDIR' && operation === 'unpack_into')
    return refused(`${place}: what is no directory is not replaced by one`);
  if (/^(?:read tar|unpack)\b/.test(detail)) return sampanError('ERR_ARCHIVE_INVALID', { subject });
  return sampanError('ERR_COPY', { subject: place, op: operation, errno, cause: general.cause });
};

const refused = (subject: string): Error => sampanError('ERR_COPY', { subject });
