// SPDX-License-Identifier: Apache-2.0
// Ids that are not stored because they follow from others.

import { createHash } from 'node:crypto';

/** Of the modes that docker lists as networks: they have no record, but always the same id. */
export const builtInId = (mode: 'host' | 'none'): string => createHash('sha256').update(mode).digest('hex');

/** Of one container in one network: both ids make it. */
export const endpointId = (network: string, container: string): string =>
  `${container.slice(0, 32)}${network.slice(0, 32)}`;
