// SPDX-License-Identifier: Apache-2.0
// Manifests and indexes (image-spec 1.1, manifest.md and image-index.md; docker's schema 2 alike).

import { parseDescriptor, type Descriptor } from './descriptor.js';
import { digestOf } from './digest.js';
import { arrayOf, asObject, invalid, optionalString, parseJsonObject, stringMap, type JsonObject } from './json.js';
import { isIndexType, isLayerType, isManifestType, layerTypeOf, mediaTypes, type Compression } from './media-types.js';
import { matchPlatform, type Platform } from './platform.js';

/** As registries and other tools bound it. */
export const largestManifestBytes = 4 * 1024 * 1024;
/** The kernel stacks 500 lower directories at most (fs/overlayfs, OVL_MAX_STACK). */
export const mostLayers = 500;
const mostManifests = 10_000;
const mostAnnotations = 1000;

export interface Manifest {
  readonly mediaType: string;
  readonly config: Descriptor;
  /** base first */
  readonly layers: readonly Descriptor[];
  readonly annotations: Readonly<Record<string, string>>;
}

export interface Index {
  readonly manifests: readonly Descriptor[];
  readonly annotations: Readonly<Record<string, string>>;
}

export type Document =
  { readonly kind: 'manifest'; readonly manifest: Manifest } | { readonly kind: 'index'; readonly index: Index };

/** Either of the two: the media type inside wins over what the descriptor claimed, so that a lie is found out. */
export const parseDocument = (content: Uint8Array, claimedType: string, what: string): Document => {
  const object = parseJsonObject(content, what, largestManifestBytes);
  const inside = optionalString(object, 'mediaType', 255);
  if (inside !== undefined && inside !== claimedType) {
    throw invalid(what, `calls itself ${inside}, its descriptor says ${claimedType}`);
  }
  if (isIndexType(claimedType)) return { kind: 'index', index: indexOf(object) };
  if (isManifestType(claimedType)) return { kind: 'manifest', manifest: manifestOf(object, claimedType) };
  throw invalid(what, `has the unknown media type ${claimedType}`);
};

/** @throws ERR_IMAGE_INVALID */
export const parseIndex = (content: Uint8Array, what: string): Index =>
  indexOf(parseJsonObject(content, what, largestManifestBytes));

const indexOf = (object: JsonObject): Index => {
  requireSchemaVersion(object);
  return {
    manifests: arrayOf(object, 'manifests', mostManifests, parseDescriptor),
    annotations: stringMap(object, 'annotations', mostAnnotations),
  };
};

const manifestOf = (object: JsonObject, mediaType: string): Manifest => {
  requireSchemaVersion(object);
  if (Object.hasOwn(object.fields, 'manifests')) throw invalid(object.what, 'is a manifest and an index at once');
  const layers = arrayOf(object, 'layers', mostLayers, parseDescriptor);
  const foreign = layers.find((layer) => !isLayerType(layer.mediaType));
  if (foreign !== undefined)
    throw invalid(object.what, `is no container image: it has a layer of type ${foreign.mediaType}`);
  return {
    mediaType,
    config: parseDescriptor(
      asObject(object.fields['config'], `${object.what}: config`).fields,
      `${object.what}: config`,
    ),
    layers,
    annotations: stringMap(object, 'annotations', mostAnnotations),
  };
};

const requireSchemaVersion = (object: JsonObject): void => {
  if (object.fields['schemaVersion'] !== 2) throw invalid(object.what, 'does not have schemaVersion 2');
};

/** The manifest for a config and its layers, byte for byte the same for the same input. */
export const makeManifest = (
  config: Uint8Array,
  layers: readonly {
    readonly digest: Descriptor['digest'];
    readonly size: number;
    readonly compression: Compression;
  }[],
): Buffer =>
  Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.manifest,
      config: { mediaType: mediaTypes.config, digest: digestOf(config), size: config.byteLength },
      layers: layers.map(({ digest, size, compression }) => ({ mediaType: layerTypeOf(compression), digest, size })),
    }),
  );

/**
 * The manifest of an index for a platform: the best match among those that `isThere`. Without any platform in the
 * index (a layout with one image) the only manifest is it. Attestations (platform unknown/unknown) never match.
 */
export const chooseManifest = (
  manifests: readonly Descriptor[],
  wanted: Platform,
  isThere: (descriptor: Descriptor) => boolean,
): Descriptor | undefined => {
  const images = manifests.filter(({ mediaType }) => isManifestType(mediaType) || isIndexType(mediaType));
  const rated = images
    .filter(isThere)
    .map((descriptor) => ({
      descriptor,
      rating:
        descriptor.platform === undefined ? Number(images.length === 1) : matchPlatform(wanted, descriptor.platform),
    }))
    .filter(({ rating }) => rating > 0);
  return rated.reduce<(typeof rated)[number] | undefined>(
    (best, next) => (best !== undefined && best.rating >= next.rating ? best : next),
    undefined,
  )?.descriptor;
};
