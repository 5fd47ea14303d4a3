// SPDX-License-Identifier: Apache-2.0
// Events of one blob, not more often than anybody can see them.

import type { Descriptor } from '../image/descriptor.js';
import type { BlobStatus, OnEvent } from './contract.js';

const intervalMs = 100;

export interface BlobProgress {
  /** at most one event per interval */
  transferred(bytes: number): void;
  status(status: BlobStatus, bytes: number, from?: string): void;
}

export const trackBlob = (
  onEvent: OnEvent | undefined,
  { digest, size }: Descriptor,
  role: 'config' | 'layer',
): BlobProgress => {
  let last = -Infinity;
  const status = (now: BlobStatus, bytes: number, from?: string): void =>
    onEvent?.({ kind: 'blob', digest, role, status: now, bytes, size, ...(from === undefined ? {} : { from }) });
  return {
    status,
    transferred: (bytes) => {
      const time = performance.now();
      if (time - last < intervalMs) return;
      last = time;
      status('transferring', bytes);
    },
  };
};
