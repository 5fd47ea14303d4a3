// SPDX-License-Identifier: Apache-2.0
// Keeps an image's layers where they are until the new container's record protects them from removal.

import { existsSync } from 'node:fs';
import type { CreateRequest } from '../../spec/create-request.js';
import type { ContainerContext, ResolvedImage } from './context.js';

export interface HeldImage extends Disposable {
  readonly image: ResolvedImage;
}

/**
 * Resolves the image and holds the store lock, shared with other creations: `rmi` takes it alone. An image that went
 * between the two steps is resolved again, which brings its layers back or says that it is gone.
 */
export const holdImage = async (
  { resolveImage, locks }: ContainerContext,
  request: CreateRequest,
): Promise<HeldImage> => {
  for (;;) {
    const image = await resolveImage(request.image, { platform: request.platform });
    if (image.source.kind === 'host') return { image, [Symbol.dispose]: () => undefined };
    const store = await locks.store('shared');
    if (image.source.directories.every((directory) => existsSync(directory))) {
      return { image, [Symbol.dispose]: () => store[Symbol.dispose]() };
    }
    store[Symbol.dispose]();
  }
};
