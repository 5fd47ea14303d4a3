// SPDX-License-Identifier: Apache-2.0
// Media types of OCI (image-spec 1.1, media-types.md) and of docker's schema 2, which mean the same things.

export const mediaTypes = {
  index: 'application/vnd.oci.image.index.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layerTar: 'application/vnd.oci.image.layer.v1.tar',
  layerGzip: 'application/vnd.oci.image.layer.v1.tar+gzip',
  layerZstd: 'application/vnd.oci.image.layer.v1.tar+zstd',
  dockerManifestList: 'application/vnd.docker.distribution.manifest.list.v2+json',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
  dockerConfig: 'application/vnd.docker.container.image.v1+json',
} as const;

export const isIndexType = (type: string): boolean =>
  type === mediaTypes.index || type === mediaTypes.dockerManifestList;

export const isManifestType = (type: string): boolean =>
  type === mediaTypes.manifest || type === mediaTypes.dockerManifest;

export const isConfigType = (type: string): boolean => type === mediaTypes.config || type === mediaTypes.dockerConfig;

/** Layers of a root file system; others (attestations, wasm, models ...) are not ours to unpack. */
export const isLayerType = (type: string): boolean =>
  /^application\/vnd\.(?:oci\.image\.layer\.(?:nondistributable\.)?v1\.tar|docker\.image\.rootfs\.(?:foreign\.)?diff\.tar)(?:[.+](?:gzip|zstd))?$/.test(
    type,
  );

export type Compression = 'none' | 'gzip' | 'zstd';

/** What a layer's media type says of its bytes. */
export const compressionOfType = (type: string): Compression =>
  /[.+]gzip$/.test(type) ? 'gzip' : /[.+]zstd$/.test(type) ? 'zstd' : 'none';

export const layerTypeOf = (compression: Compression): string =>
  ({ none: mediaTypes.layerTar, gzip: mediaTypes.layerGzip, zstd: mediaTypes.layerZstd })[compression];
