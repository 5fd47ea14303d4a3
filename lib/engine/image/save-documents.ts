// SPDX-License-Identifier: Apache-2.0
// The documents of an image archive: index.json and oci-layout for readers of OCI layouts (image-spec 1.1,
// image-layout.md), manifest.json for readers of docker's archives.

import { hexOf, type Digest } from '../../image/digest.js';
import type { Manifest } from '../../image/manifest.js';
import { mediaTypes } from '../../image/media-types.js';
import { familiarReference, formatReference, type Reference } from '../../image/reference.js';
import { referenceAnnotation } from '../../store/image-index.js';
import { containerdNameAnnotation } from './oci-archive.js';
import type { SelectedImage } from './save-selection.js';

export type BlobNames = (digest: Digest) => string;

export const blobName: BlobNames = (digest) => `blobs/sha256/${hexOf(digest)}`;

export const ociLayout = (): Buffer => Buffer.from(JSON.stringify({ imageLayoutVersion: '1.0.0' }));

/**
 * One descriptor for each name.
 * @param refName what the specification's annotation says: docker and containerd put the bare tag there and the full
 * name into one of their own; podman and skopeo put the full name
 */
export const ociIndex = (images: readonly SelectedImage[], refName: 'tag' | 'full'): Buffer =>
  Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.index,
      manifests: images.flatMap((image) => descriptorsOf(image, refName)),
    }),
  );

const descriptorsOf = ({ descriptor, references }: SelectedImage, refName: 'tag' | 'full'): readonly object[] => {
  const { mediaType, digest, size, platform } = descriptor;
  const plain = { mediaType, digest, size, ...(platform === undefined ? {} : { platform }) };
  if (references.length === 0) return [plain];
  return references.map((reference) => ({ ...plain, annotations: annotationsOf(reference, refName) }));
};

const annotationsOf = (reference: Reference, refName: 'tag' | 'full'): Readonly<Record<string, string>> => {
  const full = formatReference(reference);
  return {
    [containerdNameAnnotation]: full,
    [referenceAnnotation]: refName === 'full' ? full : (reference.tag ?? full),
  };
};

interface DockerImage {
  readonly references: readonly Reference[];
  readonly chosen: { readonly manifest: Pick<Manifest, 'config' | 'layers'> };
}

/** One manifest of each image: this format knows no platforms. */
export const dockerManifest = (images: readonly DockerImage[], names: BlobNames): Buffer =>
  Buffer.from(
    JSON.stringify(
      images.map(({ references, chosen: { manifest } }) => ({
        Config: names(manifest.config.digest),
        RepoTags: references.length === 0 ? null : references.map(familiarReference),
        Layers: manifest.layers.map(({ digest }) => names(digest)),
      })),
    ),
  );
