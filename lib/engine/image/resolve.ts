// SPDX-License-Identifier: Apache-2.0
// From a name to what a container needs: the image's defaults and its layers, complete on disk.

import { sampanError } from '../../errors/sampan-error.js';
import { chainIdsOf, type ImageConfig } from '../../image/config.js';
import type { Digest } from '../../image/digest.js';
import { formatPlatform, matchPlatform, parsePlatform, type Platform } from '../../image/platform.js';
import { makeScratch } from '../../store/scratch.js';
import type { ResolvedImage } from '../container/context.js';
import { withStoreLock } from './commit.js';
import type { ImageContext } from './context.js';
import { findManifest } from './find.js';
import { hostImage } from './host-image.js';
import { prepareLayers } from './prepare-layers.js';
import type { StoredManifest } from './stored-image.js';

export interface ResolveOptions {
  readonly platform?: string | undefined;
}

/** @throws ERR_IMAGE_NOT_FOUND, ERR_IMAGE_AMBIGUOUS, ERR_IMAGE_PLATFORM, ERR_STORE_CORRUPT, and what unpacking throws */
export const resolveImage = async (
  context: ImageContext,
  name: string,
  options: ResolveOptions,
): Promise<ResolvedImage> => {
  const platform = options.platform === undefined ? undefined : parsePlatform(options.platform);
  const image = findManifest(context, name, platform);
  const { id, config } = image ?? hostImage();
  if (platform !== undefined) requirePlatform(name, platform, config);
  const resolved = { id, defaults: defaultsOf(config) };
  if (image === undefined) return { ...resolved, source: { kind: 'host' } };
  await ensureLayers(context, image);
  context.content.touch(image.id);
  const chainIds = chainIdsOf(config.diffIds).toReversed();
  return {
    ...resolved,
    source: { kind: 'layers', chainIds, directories: chainIds.map((chainId) => context.layers.diffDirectory(chainId)) },
  };
};

const requirePlatform = (name: string, wanted: Platform, { platform }: ImageConfig): void => {
  if (matchPlatform(wanted, platform) > 0) return;
  throw sampanError('ERR_IMAGE_PLATFORM', {
    subject: formatPlatform(wanted),
    hint: `${name} is for ${formatPlatform(platform)}`,
  });
};

const defaultsOf = ({ defaults }: ImageConfig): ResolvedImage['defaults'] => ({
  entrypoint: defaults.entrypoint ?? [],
  command: defaults.command ?? [],
  env: defaults.env,
  workingDir: defaults.workingDir,
  user: defaults.user,
  labels: defaults.labels,
  stopSignal: defaults.stopSignal,
  healthcheck: defaults.healthcheck,
  shell: defaults.shell,
  exposedPorts: defaults.exposedPorts,
});

/** Layers are unpacked when an image comes; a torn one, or one that was removed by hand, is unpacked again. */
export const ensureLayers = async (
  context: ImageContext,
  { config, manifest }: Pick<StoredManifest, 'config' | 'manifest'>,
): Promise<void> => {
  if (chainIdsOf(config.diffIds).every((chainId) => context.layers.find(chainId) !== undefined)) return;
  const layers = manifest.layers.map(({ digest }) => ({
    digest,
    path: context.content.find(digest) ?? throwMissing(digest),
  }));
  const scratch = makeScratch(context.paths);
  try {
    const prepared = await prepareLayers(context.layers, [{ config, layers }], scratch);
    await withStoreLock(context, () => {
      for (const layer of prepared) context.layers.publish(layer);
    });
  } finally {
    await context.removeTree(scratch);
  }
};

const throwMissing = (digest: Digest): never => {
  throw sampanError('ERR_STORE_CORRUPT', {
    subject: `blob ${digest} is missing`,
    hint: 'remove the image and load it again',
  });
};
