// SPDX-License-Identifier: Apache-2.0
// `history`: the steps of an image, newest first, each with the size of its layer.

import { chainIdsOf, type HistoryEntry } from '../../image/config.js';
import { parsePlatform } from '../../image/platform.js';
import type { ImageHistoryEntry, ImageService } from '../contract.js';
import type { ImageContext } from './context.js';
import { findManifest } from './find.js';
import { hostImage } from './host-image.js';

/** What docker shows in place of the id of a step that is no image here. */
const noImage = '<missing>';

/** @throws ERR_IMAGE_NOT_FOUND, ERR_IMAGE_PLATFORM, ERR_STORE_CORRUPT */
export const imageHistory = (
  context: ImageContext,
  nameOrId: string,
  { platform }: Parameters<ImageService['history']>[1],
): readonly ImageHistoryEntry[] => {
  const stored = findManifest(context, nameOrId, platform === undefined ? undefined : parsePlatform(platform));
  const { id, config } = stored ?? hostImage();
  const sizes = layerSizes(context, config.diffIds, stored?.manifest.layers ?? []);
  const steps = config.history.length === 0 ? sizes.map(() => ({ emptyLayer: false })) : config.history;
  let layer = 0;
  const rows = steps.map((step: Step) => ({ ...step, sizeBytes: step.emptyLayer ? 0 : (sizes[layer++] ?? 0) }));
  return rows.toReversed().map(({ created, createdBy = '', comment = '', sizeBytes }, index) => ({
    id: index === 0 ? id : noImage,
    ...(created === undefined ? {} : { createdAt: created }),
    createdBy,
    comment,
    sizeBytes,
  }));
};

type Step = Partial<HistoryEntry> & Pick<HistoryEntry, 'emptyLayer'>;

/** Base first; of a layer that is not unpacked, its blob's. */
const layerSizes = (
  { layers }: ImageContext,
  diffIds: Parameters<typeof chainIdsOf>[0],
  blobs: readonly { readonly size: number }[],
): readonly number[] =>
  chainIdsOf(diffIds).map((chainId, index) => layers.find(chainId)?.sizeBytes ?? blobs[index]?.size ?? 0);
