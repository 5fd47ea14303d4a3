// SPDX-License-Identifier: Apache-2.0
// The image that a new container wants, when it is not here: pulled first. docker's --pull.

import { isSampanError } from '../../errors/sampan-error.js';
import { parsePlatform } from '../../image/platform.js';
import { formatReference, parseTaggedReference, tryParseReference } from '../../image/reference.js';
import type { PullOptions } from '../contract.js';
import type { ImageContext } from './context.js';
import { findManifest } from './find.js';
import { isHostName } from './host-image.js';

export interface ObtainOptions extends PullOptions {
  /** pull it although it is here */
  readonly always: boolean;
}

/** The name under which the image is here now; undefined for what no registry can have. */
export const obtainImage = async (
  context: ImageContext,
  name: string,
  { always, ...options }: ObtainOptions,
): Promise<string | undefined> => {
  if (isHostName(name) || tryParseReference(name) === undefined) return undefined;
  if (!always) {
    // a short name may be another's alias, and that one may be here
    const { registries } = await context.openRegistries();
    const known = registries.expandShortName(name).find((candidate) => isHere(context, candidate, options.platform));
    if (known !== undefined) return known;
    options.onEvent?.({ kind: 'missing', reference: formatReference(parseTaggedReference(name)) });
  }
  const { pullImages } = await import('./pull.js');
  const { reference } = await pullImages(context, name, options);
  return reference;
};

const isHere = (context: ImageContext, name: string, platform: string | undefined): boolean => {
  try {
    return findManifest(context, name, platform === undefined ? undefined : parsePlatform(platform)) !== undefined;
  } catch (error) {
    if (isSampanError(error, 'ERR_IMAGE_NOT_FOUND') || isSampanError(error, 'ERR_IMAGE_PLATFORM')) return false;
    throw error;
  }
};
