// SPDX-License-Identifier: Apache-2.0
// What the operations on registries share.

import type { RegistryAccess } from '../../registry/open.js';

export interface RegistryContext {
  /** opened at the first call, shared by the command, closed with the engine */
  readonly openRegistries: () => Promise<RegistryAccess>;
}
