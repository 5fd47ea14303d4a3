// SPDX-License-Identifier: Apache-2.0
// `tag`: gives an image one more name. Whoever had the name before stays, without it.

import { sampanError } from '../../errors/sampan-error.js';
import { formatReference, parseTaggedReference } from '../../image/reference.js';
import { withReference } from '../../store/image-index.js';
import { withStoreLock } from './commit.js';
import type { ImageContext } from './context.js';
import { findManifest } from './find.js';
import { isHostName } from './host-image.js';

/** @throws ERR_INVALID_REFERENCE, ERR_IMAGE_NOT_FOUND, ERR_IMAGE_BUILT_IN */
export const tagImage = async (context: ImageContext, source: string, target: string): Promise<void> => {
  refuseHostName(target);
  const reference = parseTaggedReference(target);
  if (reference.digest !== undefined) {
    throw sampanError('ERR_INVALID_REFERENCE', {
      subject: target,
      hint: 'a tag cannot be given to a name with a digest',
    });
  }
  await withStoreLock(context, () => {
    const image = findManifest(context, source);
    if (image === undefined) {
      throw sampanError('ERR_NOT_SUPPORTED', {
        subject: 'another name for the built-in image',
        hint: "it is always called 'host'",
      });
    }
    context.index.write(withReference(context.index.read(), formatReference(reference), image.descriptor));
  });
};

/** @throws ERR_IMAGE_BUILT_IN */
export const refuseHostName = (name: string): void => {
  if (!isHostName(name)) return;
  throw sampanError('ERR_IMAGE_BUILT_IN', {
    subject: name,
    hint: 'choose another name, or write docker.io/library/host',
  });
};
