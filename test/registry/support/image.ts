// SPDX-License-Identifier: Apache-2.0
// Small images made here, a sink and a source in memory, and an access to registries that reads no file of the machine.

import { randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import type { Descriptor } from '../../../lib/image/descriptor.js';
import { digestOf, type Digest } from '../../../lib/image/digest.js';
import { mediaTypes } from '../../../lib/image/media-types.js';
import type { BlobSink } from '../../../lib/registry/contract.js';
import { openRegistryAccess, type RegistryAccess } from '../../../lib/registry/open.js';
import type { RegistriesConf } from '../../../lib/registry/registries-conf.js';
import { makeRegistries, type OwnSettings } from '../../../lib/registry/registries.js';
import type { Document, TransferSource } from '../../../lib/registry/transfer.js';

export interface TestImage extends TransferSource {
  readonly root: Document;
  readonly layers: readonly Descriptor[];
  readonly blobs: Map<Digest, Uint8Array>;
}

export interface ImageOptions {
  readonly layerBytes: readonly number[];
  readonly architecture?: string;
  /** docker's types instead of OCI's */
  readonly docker?: boolean;
}

export const makeImage = ({ layerBytes, architecture = 'amd64', docker = false }: ImageOptions): TestImage => {
  const plain = layerBytes.map((size) => tarOf(randomBytes(size)));
  const layers = plain.map((content) => gzipSync(content, { level: 1 }));
  const rootfs = { type: 'layers', diff_ids: plain.map(digestOf) };
  const config = Buffer.from(JSON.stringify({ architecture, os: 'linux', config: { Cmd: ['/bin/true'] }, rootfs }));
  const layerType = docker ? 'application/vnd.docker.image.rootfs.diff.tar.gzip' : mediaTypes.layerGzip;
  const configType = docker ? mediaTypes.dockerConfig : mediaTypes.config;
  const mediaType = docker ? mediaTypes.dockerManifest : mediaTypes.manifest;
  const describeBlob = (type: string, content: Uint8Array): Descriptor => ({
    mediaType: type,
    digest: digestOf(content),
    size: content.byteLength,
  });
  const descriptors = layers.map((content) => describeBlob(layerType, content));
  const bytes = Buffer.from(
    JSON.stringify({ schemaVersion: 2, mediaType, config: describeBlob(configType, config), layers: descriptors }),
  );
  const blobs = new Map<Digest, Uint8Array>([config, ...layers, bytes].map((content) => [digestOf(content), content]));
  return { root: { bytes, mediaType }, layers: descriptors, blobs, ...sourceOf(blobs) };
};

/** An index of images for several platforms. */
export const makeIndex = (images: Readonly<Record<string, TestImage>>): TestImage => {
  const manifests = Object.entries(images).map(([architecture, { root }]) => ({
    mediaType: root.mediaType,
    digest: digestOf(root.bytes),
    size: root.bytes.byteLength,
    platform: { os: 'linux', architecture },
  }));
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.index, manifests }));
  const blobs = new Map<Digest, Uint8Array>(Object.values(images).flatMap((image) => [...image.blobs]));
  return { root: { bytes, mediaType: mediaTypes.index }, layers: [], blobs, ...sourceOf(blobs) };
};

const sourceOf = (blobs: Map<Digest, Uint8Array>): TransferSource => ({
  async *open(descriptor, offset) {
    const content = blobs.get(descriptor.digest);
    if (content === undefined) throw new Error(`no ${descriptor.digest}`);
    for (let at = offset; at < content.byteLength; at += 65_536) yield content.subarray(at, at + 65_536);
  },
  readDocument: async ({ digest }) => {
    const content = blobs.get(digest);
    if (content === undefined) throw new Error(`no ${digest}`);
    return content;
  },
});

/** ustar with one file (pax(1), "ustar Interchange Format"). */
const tarOf = (content: Buffer): Buffer => {
  const header = Buffer.alloc(512);
  const put = (offset: number, text: string): number => header.write(text, offset, 'latin1');
  put(0, 'file');
  put(100, '0000644\0');
  put(108, '0000000\0');
  put(116, '0000000\0');
  put(124, `${content.byteLength.toString(8).padStart(11, '0')}\0`);
  put(136, '00000000000\0');
  put(148, '        0');
  put(257, 'ustar\x0000');
  const sum = header.reduce((total, byte) => total + byte, 0);
  put(148, `${sum.toString(8).padStart(6, '0')}\0 `);
  return Buffer.concat([header, content, Buffer.alloc((512 - (content.byteLength % 512)) % 512), Buffer.alloc(1024)]);
};

export interface MemorySink extends BlobSink {
  readonly content: Map<Digest, Buffer>;
  /** what an earlier, interrupted download left */
  readonly partial: Map<Digest, Buffer>;
}

export const memorySink = (): MemorySink => {
  const content = new Map<Digest, Buffer>();
  const partial = new Map<Digest, Buffer>();
  return {
    content,
    partial,
    has: ({ digest }) => content.has(digest),
    stage: async ({ digest }, blob) => {
      const start = partial.get(digest) ?? Buffer.alloc(0);
      const chunks: Uint8Array[] = [start];
      try {
        for await (const chunk of blob.from(start.byteLength)) chunks.push(chunk);
      } catch (error) {
        partial.set(digest, Buffer.concat(chunks));
        throw error;
      }
      const whole = Buffer.concat(chunks);
      const found = digestOf(whole);
      if (found === digest) content.set(digest, whole);
      return { digest: found, size: whole.byteLength };
    },
  };
};

export interface AccessOptions {
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  readonly conf?: Partial<RegistriesConf>;
  readonly own?: Partial<OwnSettings>;
  readonly replaceFile?: (path: string, content: string) => void;
  readonly idleMs?: number;
}

export const openTestAccess = async (options: AccessOptions): Promise<RegistryAccess> => {
  const { env = {}, home, conf = {}, own = {}, idleMs = 5000 } = options;
  const refuse = (): never => {
    throw new Error('nothing is to be written');
  };
  return openRegistryAccess({
    env,
    home,
    uid: 1000,
    userAgent: 'sampan-test',
    replaceFile: options.replaceFile ?? refuse,
    lockFile: async () => ({ [Symbol.dispose]: () => undefined }),
    registries: makeRegistries(
      { searchRegistries: [], aliases: {}, entries: [], ...conf },
      { registryMirrors: [], insecureRegistries: [], ...own },
    ),
    retry: { attempts: 4, firstDelayMs: 10, longestDelayMs: 50, longestRetryAfterMs: 3000 },
    timeouts: { connectMs: 5000, headersMs: 5000, idleMs },
  });
};
