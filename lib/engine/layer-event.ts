// SPDX-License-Identifier: Apache-2.0
// What the registry layer tells of a blob, as the contract tells it: layers only.

import type { RegistryEvent } from '../registry/contract.js';
import type { OnTransfer } from './contract.js';

export const passLayerEvent = (event: RegistryEvent, onEvent: OnTransfer | undefined): void => {
  if (event.kind !== 'blob' || event.role !== 'layer') return;
  const { digest, status, bytes, size, from } = event;
  onEvent?.({ kind: 'layer', digest, status, bytes, sizeBytes: size, ...(from === undefined ? {} : { from }) });
};
