// SPDX-License-Identifier: Apache-2.0
// `diff`: which paths a container has added, changed and deleted.

import { streamSlot, streamTask } from '../../runtime/stream-task.js';
import type { ContainerChange } from '../contract.js';
import type { ContainerContext } from './context.js';
import { engineMade } from './engine-made.js';
import type { FoundContainer } from './find.js';
import { packError } from './pack-report.js';
import { imageTree } from './tree.js';

const formatList = 1;

/** Sorted by path. @throws ERR_NOT_SUPPORTED, ERR_PACK */
export const diffContainer = async (
  context: ContainerContext,
  found: FoundContainer,
): Promise<readonly ContainerChange[]> => {
  const { name } = found.record;
  const tree = imageTree(context, found, 'the changes');
  const operation = {
    op: 'pack_layer',
    output: streamSlot,
    source: tree.upper,
    ignored: engineMade,
    format: formatList,
  } as const;
  const task = { operations: [...tree.operations, operation], descriptors: [], title: `sampan-diff ${name}` };
  const chunks: Uint8Array[] = [];
  try {
    for await (const chunk of streamTask(context.native(), task, () => undefined)) chunks.push(chunk);
  } catch (error) {
    throw packError(error, name);
  }
  return parseChanges(Buffer.concat(chunks)).toSorted(byPath);
};

/** `<kind><path>NUL`, as addon/helper/layer_tar.h writes it. */
const parseChanges = (list: Buffer): readonly ContainerChange[] =>
  list
    .toString('utf8')
    .split('\0')
    .slice(0, -1)
    .map((item) => ({ kind: kinds[item.charAt(0)] ?? 'changed', path: item.slice(1) }));

const kinds: Readonly<Record<string, ContainerChange['kind']>> = { A: 'added', C: 'changed', D: 'deleted' };

const byPath = (left: ContainerChange, right: ContainerChange): number =>
  left.path < right.path ? -1 : left.path > right.path ? 1 : 0;
