// SPDX-License-Identifier: Apache-2.0
// Ids that are not stored because they follow from others.

import { sha256 } from '../../util/sha256.js';

/** Of the modes that docker lists as networks: they have no record, but always the same id. */
export const builtInId = (mode: 'host' | 'none'): string => sha256(mode);

/** Of one container in one network: both ids make it. */
export const endpointId = (network: string, container: string): string =>
  `${container.slice(0, 32)}${network.slice(0, 32)}`;
