// SPDX-License-Identifier: Apache-2.0
// The image of a new container: pulled when it is missing or when that is asked for, and then kept where it is until the
// container's record protects its layers from removal.

import { existsSync } from 'node:fs';
import { isSampanError } from '../../errors/sampan-error.js';
import type { CreateRequest } from '../../spec/create-request.js';
import type { CreateOptions } from '../contract.js';
import type { ContainerContext, ResolvedImage } from './context.js';

export interface HeldImage extends Disposable {
  readonly image: ResolvedImage;
}

/** @throws ERR_IMAGE_NOT_FOUND, ERR_IMAGE_PLATFORM, and what pulling throws */
export const holdImage = async (
  context: ContainerContext,
  request: CreateRequest,
  { pull = {} }: CreateOptions,
): Promise<HeldImage> => {
  const { image: name, platform } = request;
  const options = { ...pull, ...(platform === undefined ? {} : { platform }) };
  if (request.pull === 'always') {
    const pulled = await context.obtainImage(name, { ...options, always: true });
    return holdNamed(context, pulled ?? name, platform);
  }
  try {
    return await holdNamed(context, name, platform);
  } catch (error) {
    if (request.pull === 'never' || !isMissing(error)) throw error;
    const found = await context.obtainImage(name, { ...options, always: false });
    if (found === undefined) throw error;
    return await holdNamed(context, found, platform);
  }
};

/** It may be there for another platform than the one that was asked for. */
const isMissing = (error: unknown): boolean =>
  isSampanError(error, 'ERR_IMAGE_NOT_FOUND') || isSampanError(error, 'ERR_IMAGE_PLATFORM');

/**
 * Resolves the image and holds the store lock, shared with other creations: `rmi` takes it alone. An image that went
 * between the two steps is resolved again, which brings its layers back or says that it is gone.
 */
const holdNamed = async (
  { resolveImage, locks }: ContainerContext,
  name: string,
  platform: string | undefined,
): Promise<HeldImage> => {
  for (;;) {
    const image = await resolveImage(name, { platform });
    if (image.source.kind === 'host') return { image, [Symbol.dispose]: () => undefined };
    const store = await locks.store('shared');
    if (image.source.directories.every((directory) => existsSync(directory))) {
      return { image, [Symbol.dispose]: () => store[Symbol.dispose]() };
    }
    store[Symbol.dispose]();
  }
};
