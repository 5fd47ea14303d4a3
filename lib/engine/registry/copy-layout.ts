// SPDX-License-Identifier: Apache-2.0
// The destination is an image layout in a directory: blobs that are missing come into it, then its index names the image.

import { realpathSync } from 'node:fs';
import { sampanError } from '../../errors/sampan-error.js';
import type { Endpoint } from '../../image/endpoint.js';
import { openLayoutWriter } from '../../store/layout-writer.js';
import type { RegistryContext } from './context.js';
import type { Contents } from './copy-contents.js';
import { layoutIndex } from './layout-index.js';

/** @throws ERR_INVALID_VALUE, ERR_NO_SPACE, ERR_DIGEST_MISMATCH, and what the source throws */
export const copyToLayout = async (
  { locks, paths }: RegistryContext,
  { root, documents, blobs }: Contents,
  { path, name }: Extract<Endpoint, { readonly path: string }>,
): Promise<void> => {
  await using writer = await openLayoutWriter(locks, path);
  if (realpathSync(path) === realpathSync(paths.images))
    throw sampanError('ERR_INVALID_VALUE', {
      subject: `${path} is the store of sampan itself`,
      hint: "bring an image into it with 'sampan pull' or 'sampan load'",
    });
  for (const blob of blobs) {
    if (!writer.has(blob)) await writer.add(blob);
  }
  for (const { bytes } of documents) await writer.addDocument(bytes);
  await writer.publish((index) => layoutIndex(index, root, name));
};
