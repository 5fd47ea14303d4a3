// SPDX-License-Identifier: Apache-2.0
// Image archives made in memory: docker-archive and OCI archive, from layers given as plain tars.

import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { directory, file, makeTar } from './tar.js';

export interface ImageSpec {
  readonly layers: readonly Buffer[];
  /** the image config's `config` object: Cmd, Env, User ... */
  readonly config?: Readonly<Record<string, unknown>>;
  /** references, e.g. `name:tag` */
  readonly names?: readonly string[];
  readonly compression?: 'none' | 'gzip' | 'zstd';
  readonly architecture?: string;
  /** for archives that must be refused: what to say instead of the true diff ids */
  readonly diffIds?: readonly string[];
}

export const sha256 = (bytes: Buffer | string): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
export const goArchitecture = (): string => ({ x64: 'amd64', ia32: '386' })[process.arch as string] ?? process.arch;

export const imageConfig = ({ layers, config = {}, architecture = goArchitecture(), diffIds }: ImageSpec): Buffer =>
  Buffer.from(
    JSON.stringify({
      architecture,
      os: 'linux',
      created: '2020-01-02T03:04:05Z',
      config,
      rootfs: { type: 'layers', diff_ids: diffIds ?? layers.map(sha256) },
      history: layers.map(() => ({ created: '2020-01-02T03:04:05Z', created_by: 'test' })),
    }),
  );

/** What `docker save` writes: manifest.json, the config, each layer as <n>/layer.tar. */
export const dockerArchive = (spec: ImageSpec): Buffer => {
  const config = imageConfig(spec);
  const configName = `${sha256(config).slice(7)}.json`;
  const layers = spec.layers.map((layer, index) => ({
    name: `${String(index)}/layer.tar`,
    bytes: compress(layer, spec.compression),
  }));
  const manifest = [{ Config: configName, RepoTags: spec.names ?? null, Layers: layers.map(({ name }) => name) }];
  return makeTar([
    ...layers.flatMap(({ name, bytes }, index) => [directory(`${String(index)}/`), file(name, bytes)]),
    file(configName, config),
    file('manifest.json', JSON.stringify(manifest)),
  ]);
};

export interface OciParts {
  readonly blobs: ReadonlyMap<string, Buffer>;
  readonly index: unknown;
}

/** The blobs and index of an OCI layout; a test may damage them before they are packed. */
export const ociParts = (spec: ImageSpec): OciParts => {
  const blobs = new Map<string, Buffer>();
  const add = (bytes: Buffer): { digest: string; size: number } => {
    const digest = sha256(bytes);
    blobs.set(digest, bytes);
    return { digest, size: bytes.length };
  };
  const suffix = { none: '', gzip: '+gzip', zstd: '+zstd' }[spec.compression ?? 'gzip'];
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      config: { mediaType: 'application/vnd.oci.image.config.v1+json', ...add(imageConfig(spec)) },
      layers: spec.layers.map((layer) => ({
        mediaType: `application/vnd.oci.image.layer.v1.tar${suffix}`,
        ...add(compress(layer, spec.compression ?? 'gzip')),
      })),
    }),
  );
  const descriptor = { mediaType: 'application/vnd.oci.image.manifest.v1+json', ...add(manifest) };
  const names = spec.names ?? [];
  const manifests =
    names.length === 0
      ? [descriptor]
      : names.map((name) => ({ ...descriptor, annotations: { 'org.opencontainers.image.ref.name': name } }));
  return { blobs, index: { schemaVersion: 2, mediaType: 'application/vnd.oci.image.index.v1+json', manifests } };
};

export const packOci = ({ blobs, index }: OciParts): Buffer =>
  makeTar([
    file('oci-layout', '{"imageLayoutVersion":"1.0.0"}'),
    file('index.json', JSON.stringify(index)),
    directory('blobs/'),
    directory('blobs/sha256/'),
    ...[...blobs].map(([digest, bytes]) => file(`blobs/sha256/${digest.slice(7)}`, bytes)),
  ]);

export const ociArchive = (spec: ImageSpec): Buffer => packOci(ociParts(spec));

const compress = (bytes: Buffer, compression: ImageSpec['compression'] = 'none'): Buffer => {
  switch (compression) {
    case 'none':
      return bytes;
    case 'gzip':
      return gzipSync(bytes);
    case 'zstd':
      return zstdFrame(bytes);
  }
};

/** A zstd frame of raw blocks (RFC 8878 3.1.1): valid for every decoder, and needs none of ours to be made. */
const zstdFrame = (bytes: Buffer): Buffer => {
  const largest = 100_000;
  const count = Math.max(1, Math.ceil(bytes.length / largest));
  const header = Buffer.alloc(14);
  header.writeUInt32LE(0xfd2f_b528, 0);
  // frame content size of 8 bytes, no single segment; window of 1 MB
  header.writeUInt8(0xc0, 4);
  header.writeUInt8(0x50, 5);
  header.writeBigUInt64LE(BigInt(bytes.length), 6);
  const blocks = Array.from({ length: count }, (_, index) => {
    const block = bytes.subarray(index * largest, (index + 1) * largest);
    const blockHeader = Buffer.alloc(3);
    blockHeader.writeUIntLE((block.length << 3) | (index === count - 1 ? 1 : 0), 0, 3);
    return Buffer.concat([blockHeader, block]);
  });
  return Buffer.concat([header, ...blocks]);
};
