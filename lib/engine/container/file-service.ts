// SPDX-License-Identifier: Apache-2.0
// The operations on containers' files: loaded when they are first asked for, since few commands need them.

import type { ContainerFileService } from '../archive-contract.js';
import type { ContainerContext } from './context.js';
import { findContainer } from './find.js';

export const openFileService = (context: ContainerContext): ContainerFileService => ({
  commit: async (nameOrId, request) => {
    const { commitContainer } = await import('./commit.js');
    return commitContainer(context, findContainer(context.paths, nameOrId), request);
  },
  copyOut: async (nameOrId, request) => (await import('./copy.js')).copyOut(context, nameOrId, request),
  copyIn: async (nameOrId, request) => (await import('./copy.js')).copyIn(context, nameOrId, request),
  readArchive: async (nameOrId, request) => (await import('./copy.js')).readArchive(context, nameOrId, request),
  writeArchive: async (nameOrId, request) => (await import('./copy.js')).writeArchive(context, nameOrId, request),
  rename: async (nameOrId, newName) => {
    const { renameContainer } = await import('./rename.js');
    return renameContainer(context, nameOrId, newName);
  },
  diff: async (nameOrId) => {
    const { diffContainer } = await import('./diff.js');
    return diffContainer(context, findContainer(context.paths, nameOrId));
  },
  export: async (nameOrId) => {
    const { exportContainer } = await import('./export.js');
    return exportContainer(context, findContainer(context.paths, nameOrId));
  },
});
