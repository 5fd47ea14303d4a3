// SPDX-License-Identifier: Apache-2.0
// The operations on containers' files: loaded when they are first asked for, since few commands need them.

import type { ContainerService } from '../contract.js';
import type { ContainerContext } from './context.js';
import { findContainer } from './find.js';

export type FileService = Pick<ContainerService, 'export'>;

export const openFileService = (context: ContainerContext): FileService => ({
  export: async (nameOrId) => {
    const { exportContainer } = await import('./export.js');
    return exportContainer(context, findContainer(context.paths, nameOrId));
  },
});
