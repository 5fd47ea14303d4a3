// SPDX-License-Identifier: Apache-2.0
// The one error class. Thrown with a code from the table; never recognised by its text.

import type { ErrorKind } from './kinds.js';
import { errorTable, type ErrorCode } from './table.js';

export interface ErrorDetails {
  /** what it failed on: a name, path, reference */
  readonly subject: string;
  /** what to do about it: one line, a command where there is one */
  readonly hint?: string | undefined;
  readonly cause?: unknown;
  /** the operation or system call that failed */
  readonly op?: string | undefined;
  readonly errno?: number | undefined;
}

const brand = Symbol.for('sampan.error');

export class SampanError extends Error {
  readonly code: ErrorCode;
  readonly kind: ErrorKind;
  readonly subject: string;
  readonly hint: string | undefined;
  readonly op: string | undefined;
  readonly errno: number | undefined;
  readonly [brand] = true;

  constructor(code: ErrorCode, details: ErrorDetails) {
    const { kind, message } = errorTable[code];
    super(message(details.subject), details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'SampanError';
    this.code = code;
    this.kind = kind;
    this.subject = details.subject;
    this.hint = details.hint;
    this.op = details.op;
    this.errno = details.errno;
  }
}

/** Makes an error of the table: `throw sampanError('ERR_IMAGE_NOT_FOUND', { subject: name })`. */
export const sampanError = (code: ErrorCode, details: ErrorDetails): SampanError => new SampanError(code, details);

/** Works across realms (jest) and bundle copies, where instanceof does not. */
export const isSampanError = (error: unknown, code?: ErrorCode): error is SampanError =>
  typeof error === 'object' &&
  error !== null &&
  brand in error &&
  (code === undefined || (error as SampanError).code === code);

/** A Node or addon error with this errno code, such as ENOENT. */
export const hasErrno = (error: unknown, ...codes: readonly string[]): error is NodeJS.ErrnoException =>
  typeof error === 'object' && error !== null && 'code' in error && codes.includes(String(error.code));
