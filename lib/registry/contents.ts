// SPDX-License-Identifier: Apache-2.0
// What a manifest or index refers to, of images and of any other artifact: pushing and copying carry both.

import { parseDescriptor, type Descriptor } from '../image/descriptor.js';
import { arrayOf, invalid, optionalObject, optionalString, parseJsonObject } from '../image/json.js';
import { largestManifestBytes } from '../image/manifest.js';
import { isIndexType } from '../image/media-types.js';

export interface Contents {
  readonly manifests: readonly Descriptor[];
  readonly config?: Descriptor;
  readonly layers: readonly Descriptor[];
}

const mostManifests = 10_000;
const mostBlobs = 1000;

/** @throws ERR_IMAGE_INVALID */
export const parseContents = (content: Uint8Array, mediaType: string, what: string): Contents => {
  const object = parseJsonObject(content, what, largestManifestBytes);
  const inside = optionalString(object, 'mediaType', 255);
  if (inside !== undefined && inside !== mediaType)
    throw invalid(what, `calls itself ${inside}, and is said to be ${mediaType}`);
  if (isIndexType(mediaType))
    return { manifests: arrayOf(object, 'manifests', mostManifests, parseDescriptor), layers: [] };
  const config = optionalObject(object, 'config');
  if (config === undefined) throw invalid(what, 'has no config: it is no manifest of schema version 2');
  return {
    manifests: [],
    config: parseDescriptor(config.fields, config.what),
    layers: arrayOf(object, 'layers', mostBlobs, parseDescriptor),
  };
};
