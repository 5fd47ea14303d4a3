// SPDX-License-Identifier: Apache-2.0
// Descriptors: what a manifest or index says about a blob (image-spec 1.1, descriptor.md).

import { parseDigest, type Digest } from './digest.js';
import {
  asObject,
  optionalObject,
  optionalString,
  requiredCount,
  requiredString,
  stringMap,
  type JsonObject,
} from './json.js';
import { normalizePlatform, type Platform } from './platform.js';

export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly platform?: Platform;
  readonly artifactType?: string;
}

const mostAnnotations = 1000;

/** @throws ERR_IMAGE_INVALID */
export const parseDescriptor = (value: unknown, what: string): Descriptor => {
  const object = asObject(value, what);
  const annotations = stringMap(object, 'annotations', mostAnnotations);
  const platform = parsePlatformObject(optionalObject(object, 'platform'));
  const artifactType = optionalString(object, 'artifactType', 255);
  return {
    mediaType: requiredString(object, 'mediaType', 255),
    digest: parseDigest(object.fields['digest'], `${what}: digest`),
    size: requiredCount(object, 'size'),
    ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
    ...(platform === undefined ? {} : { platform }),
    ...(artifactType === undefined ? {} : { artifactType }),
  };
};

const parsePlatformObject = (object: JsonObject | undefined): Platform | undefined => {
  if (object === undefined) return undefined;
  const variant = optionalString(object, 'variant', 64);
  return normalizePlatform({
    os: optionalString(object, 'os', 64) ?? 'unknown',
    architecture: optionalString(object, 'architecture', 64) ?? 'unknown',
    ...(variant === undefined ? {} : { variant }),
  });
};
