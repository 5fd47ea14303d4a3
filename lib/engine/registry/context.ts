// SPDX-License-Identifier: Apache-2.0
// What the operations on registries share.

import type { RegistryAccess } from '../../registry/open.js';
import type { Locks } from '../../store/locks.js';
import type { Paths } from '../../store/paths.js';
import type { RemoveTree } from '../../store/scratch.js';

export interface RegistryContext {
  readonly paths: Paths;
  readonly locks: Pick<Locks, 'file'>;
  readonly removeTree: RemoveTree;
  /** opened at the first call, shared by the command, closed with the engine */
  readonly openRegistries: () => Promise<RegistryAccess>;
}
