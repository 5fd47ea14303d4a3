// SPDX-License-Identifier: Apache-2.0
// `export`: the file system of a container as one tar, with the owners that it sees itself.

import { sampanError } from '../../errors/sampan-error.js';
import { streamSlot, streamTask } from '../../runtime/stream-task.js';
import { readContainerRecord } from '../../store/container-records.js';
import type { ContainerArchive } from '../contract.js';
import type { ContainerContext } from './context.js';
import type { FoundContainer } from './find.js';
import { packError, packWarnings } from './pack-report.js';
import { openTree } from './tree.js';

/** @throws ERR_NOT_SUPPORTED; while it is read ERR_PACK, ERR_CONTAINER_NOT_FOUND */
export const exportContainer = (context: ContainerContext, found: FoundContainer): ContainerArchive => {
  const tree = openTree(context, found, 'an archive', streamSlot + 1);
  let warnings: readonly string[] = [];
  const { name } = found.record;
  const read = async function* (): AsyncGenerator<Uint8Array> {
    const task = {
      operations: [...tree.operations, { op: 'pack_tar', output: streamSlot, path: '/', flags: 0 } as const],
      descriptors: tree.descriptors,
      title: `sampan-export ${name}`,
    };
    try {
      yield* streamTask(context.native(), task, (counts) => {
        warnings = packWarnings(counts);
      });
    } catch (error) {
      throw packError(error, name);
    }
    // Half of a container that is being removed would look like the whole of another.
    if (readContainerRecord(found.files) === undefined) {
      throw sampanError('ERR_CONTAINER_NOT_FOUND', { subject: name, hint: 'it was removed while it was read' });
    }
  };
  return { chunks: read(), warnings: () => warnings, [Symbol.asyncDispose]: async () => tree[Symbol.dispose]() };
};
