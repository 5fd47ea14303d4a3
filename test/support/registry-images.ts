// SPDX-License-Identifier: Apache-2.0
// Images in a registry, for tests of pull and push: a small root file system below layers of random bytes, which do not
// compress, so that their sizes are what was asked for.

import { randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { digestOf, type Digest } from '../../lib/image/digest.js';
import { parseReference } from '../../lib/image/reference.js';
import { openRegistryClient, type RegistryClient } from '../../lib/registry/client.js';
import { openSession } from '../../lib/registry/session.js';
import { defaultRetryPolicy } from '../../lib/registry/retry.js';
import { defaultTimeouts, openTransport } from '../../lib/registry/transport.js';
import { goArchitecture } from './archives.js';
import { rootfsTar } from './rootfs.js';
import { file, makeTar } from './tar.js';

const types = {
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar+gzip',
} as const;

export interface PublishedImage {
  readonly digest: Digest;
  readonly manifest: Buffer;
  readonly layers: readonly { readonly digest: Digest; readonly size: number }[];
}

export interface PublishSpec {
  /** registry/repository:tag; http */
  readonly name: string;
  /** of the layers above the root file system */
  readonly layerBytes?: readonly number[];
  /** one more layer: so many zeros, which compress to nothing */
  readonly zeroBytes?: number;
  readonly architecture?: string;
}

/** Puts an image into a registry without sampan's own push. */
export const publish = async (spec: PublishSpec): Promise<PublishedImage> => {
  const { name, layerBytes = [], architecture = goArchitecture() } = spec;
  const { domain, path, tag = 'latest' } = parseReference(name);
  const tars = [
    rootfsTar(),
    ...layerBytes.map((bytes, index) => makeTar([file(`layer${String(index)}`, randomBytes(bytes))])),
    ...(spec.zeroBytes === undefined ? [] : [makeTar([file('zeros', Buffer.alloc(spec.zeroBytes))])]),
  ];
  const blobs = tars.map((tar) => gzipSync(tar, { level: 1 }));
  const config = Buffer.from(
    JSON.stringify({
      architecture,
      os: 'linux',
      config: { Cmd: ['/bin/report'], Env: ['PATH=/bin'] },
      rootfs: { type: 'layers', diff_ids: tars.map(digestOf) },
    }),
  );
  const describe = (mediaType: string, content: Buffer) => ({
    mediaType,
    digest: digestOf(content),
    size: content.byteLength,
  });
  const layers = blobs.map((blob) => describe(types.layer, blob));
  const fields = { schemaVersion: 2, mediaType: types.manifest, config: describe(types.config, config), layers };
  const manifest = Buffer.from(JSON.stringify(fields));
  await withClient(domain, async (client) => {
    const source = contentOf([config, ...blobs]);
    for (const descriptor of [fields.config, ...layers])
      await client.uploadBlob({ repository: path, descriptor, source });
    await client.putManifest({ repository: path, reference: tag, bytes: manifest, mediaType: types.manifest });
  });
  return { digest: digestOf(manifest), manifest, layers };
};

const contentOf = (contents: readonly Buffer[]) => {
  const byDigest = new Map(contents.map((content) => [digestOf(content), content]));
  return {
    async *open({ digest }: { readonly digest: Digest }, offset: number) {
      const content = byDigest.get(digest);
      if (content !== undefined) yield content.subarray(offset);
    },
  };
};

const withClient = async (registry: string, work: (client: RegistryClient) => Promise<void>): Promise<void> => {
  const transport = openTransport({
    environment: { env: {}, home: '/nonexistent', uid: 0 },
    isInsecure: () => true,
    connectionsPerOrigin: 4,
    timeouts: defaultTimeouts,
    userAgent: 'sampan-test',
  });
  const authorizer = {
    header: async () => undefined,
    challenged: async () => false,
    identityToken: async () => undefined,
    redact: (text: string) => text,
  };
  const session = openSession({ registry, transport, authorizer, allowHttp: true, retry: defaultRetryPolicy });
  try {
    await work(openRegistryClient(session, defaultRetryPolicy));
  } finally {
    await transport[Symbol.asyncDispose]();
  }
};
