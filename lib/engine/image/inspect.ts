// SPDX-License-Identifier: Apache-2.0
// docker's `image inspect` object (Engine API 1.47, ImageInspect).

import { chainIdsOf, type ContainerDefaults, type ImageConfig } from '../../image/config.js';
import { healthcheckToJson, toSet } from '../../image/config-json.js';
import type { ImageContext } from './context.js';
import { findImage } from './find.js';
import { hostImage, hostImageName, hostImageTag, shownName, shownReference } from './host-image.js';
import { noTime } from './list.js';
import { readImages, readManifest, sizeOfImage, type StoredImage } from './stored-image.js';

type Json = Readonly<Record<string, unknown>>;

/** @throws ERR_IMAGE_NOT_FOUND, ERR_STORE_CORRUPT */
export const inspectImage = (context: ImageContext, nameOrId: string): Json => {
  const found = findImage(context, nameOrId);
  switch (found.kind) {
    case 'host':
      return inspectHost();
    case 'id':
      return inspectStored(context, found.image);
    case 'reference': {
      const stored = readManifest(context.content, found.entry);
      const all = readImages(context).images.find(({ id }) => id === stored.id);
      return inspectStored(context, {
        ...stored,
        references: all?.references ?? [found.reference],
        targets: all?.targets ?? [{ reference: found.reference, digest: stored.descriptor.digest }],
        manifests: all?.manifests ?? [],
      });
    }
  }
};

const inspectHost = (): Json => {
  const { id, config } = hostImage();
  return {
    ...describe({ id, config, repoTags: [`${hostImageName}:${hostImageTag}`], sizeBytes: 0 }),
    GraphDriver: { Name: 'host', Data: null },
  };
};

const inspectStored = ({ layers }: ImageContext, image: StoredImage): Json => {
  const directories = chainIdsOf(image.config.diffIds)
    .toReversed()
    .map((chainId) => layers.diffDirectory(chainId));
  return {
    ...describe({
      id: image.id,
      config: image.config,
      repoTags: image.references.filter(({ tag }) => tag !== undefined).map(shownReference),
      repoDigests: image.targets.map(({ reference, digest }) => `${shownName(reference)}@${digest}`),
      sizeBytes: sizeOfImage(layers, image),
    }),
    GraphDriver: { Name: 'overlay', Data: { LowerDir: directories.join(':') } },
    Descriptor: { mediaType: image.descriptor.mediaType, digest: image.descriptor.digest, size: image.descriptor.size },
  };
};

interface Described {
  readonly id: string;
  readonly config: ImageConfig;
  readonly repoTags: readonly string[];
  readonly repoDigests?: readonly string[];
  readonly sizeBytes: number;
}

const describe = ({ id, config, repoTags, repoDigests = [], sizeBytes }: Described): Json => ({
  Id: id,
  RepoTags: repoTags,
  RepoDigests: [...new Set(repoDigests)],
  Parent: '',
  Comment: config.comment ?? config.history.at(-1)?.comment ?? '',
  Created: config.created ?? noTime,
  DockerVersion: config.dockerVersion ?? '',
  Author: config.author ?? '',
  Config: describeDefaults(config.defaults),
  Architecture: config.platform.architecture,
  ...(config.platform.variant === undefined ? {} : { Variant: config.platform.variant }),
  Os: config.platform.os,
  ...(config.osVersion === undefined ? {} : { OsVersion: config.osVersion }),
  Size: sizeBytes,
  RootFS: { Type: 'layers', Layers: config.diffIds },
  Metadata: { LastTagTime: '0001-01-01T00:00:00Z' },
});

/** As docker prints it: lists that are not set are null, not absent. */
const describeDefaults = (defaults: ContainerDefaults): Json => ({
  User: defaults.user,
  ...(defaults.exposedPorts.length === 0 ? {} : { ExposedPorts: toSet(defaults.exposedPorts) }),
  Env: orNull(defaults.env),
  Cmd: defaults.command ?? null,
  ...(defaults.healthcheck === undefined ? {} : { Healthcheck: healthcheckToJson(defaults.healthcheck) }),
  Volumes: defaults.volumes.length === 0 ? null : toSet(defaults.volumes),
  WorkingDir: defaults.workingDir,
  Entrypoint: defaults.entrypoint ?? null,
  OnBuild: orNull(defaults.onBuild),
  Labels: Object.keys(defaults.labels).length === 0 ? null : defaults.labels,
  ...(defaults.stopSignal === undefined ? {} : { StopSignal: defaults.stopSignal }),
  ...(defaults.shell === undefined ? {} : { Shell: defaults.shell }),
});

const orNull = <T>(list: readonly T[]): readonly T[] | null => (list.length === 0 ? null : list);
