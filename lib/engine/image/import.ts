// SPDX-License-Identifier: Apache-2.0
// `import`: the tar of a root file system becomes an image with one layer. The tar's bytes are kept as they came,
// compressed or not. Names that begin with .wh. mean whiteouts, as in every layer: another tool that is given this
// image would read them so too.

import { sampanError } from '../../errors/sampan-error.js';
import { applyChanges } from '../../image/changes.js';
import { parseDefaults, type ContainerDefaults } from '../../image/config.js';
import { defaultsToJson } from '../../image/config-json.js';
import type { Digest } from '../../image/digest.js';
import { asObject } from '../../image/json.js';
import { makeManifest } from '../../image/manifest.js';
import { mediaTypes, type Compression } from '../../image/media-types.js';
import { hostPlatform, parsePlatform, type Platform } from '../../image/platform.js';
import { formatReference, parseTaggedReference } from '../../image/reference.js';
import { stageBytes, type StagedBlob } from '../../store/content-store.js';
import { compressionOf, longestMagic } from '../../store/decompress.js';
import { makeScratch } from '../../store/scratch.js';
import { stageBlob } from '../../store/stage-blob.js';
import type { ImportRequest } from '../contract.js';
import { commitImages } from './commit.js';
import type { ImageContext } from './context.js';
import { refuseHostName } from './tag.js';

/** @throws ERR_INVALID_REFERENCE, ERR_INVALID_VALUE, ERR_ARCHIVE_INVALID, ERR_NOT_SUPPORTED, ERR_NO_SPACE */
export const importImage = async (context: ImageContext, request: ImportRequest): Promise<{ readonly id: string }> => {
  // What can be wrong with the words is found before the first byte is read.
  const wanted = decide(request);
  const scratch = makeScratch(context.paths);
  try {
    const { blob, compression } = await stageTar(request.source, scratch);
    const known = compression === 'none' && context.layers.find(blob.digest) !== undefined;
    const layers = known
      ? []
      : [await context.layers.prepare({ blob, parent: undefined, expected: undefined }, scratch)];
    const content = makeConfig(wanted, layers[0]?.record.diffId ?? blob.digest);
    const config = stageBytes(scratch, content);
    const manifest = stageBytes(scratch, makeManifest(content, [{ ...blob, compression }]));
    const descriptor = { mediaType: mediaTypes.manifest, digest: manifest.digest, size: manifest.size };
    const image = { id: config.digest, descriptor, references: wanted.references };
    await commitImages(context, { blobs: [blob, config, manifest], layers, images: [image] });
    return { id: config.digest };
  } finally {
    request.source.destroy();
    await context.removeTree(scratch);
  }
};

interface Wanted {
  readonly references: readonly string[];
  readonly defaults: ContainerDefaults;
  readonly platform: Platform;
  readonly comment: string;
}

const decide = ({ reference, changes, platform, message }: ImportRequest): Wanted => ({
  references: reference === undefined ? [] : [nameOf(reference)],
  defaults: applyChanges(parseDefaults(asObject({}, 'config')), changes),
  platform: platform === undefined ? hostPlatform(process.arch) : parsePlatform(platform),
  comment: message ?? 'Imported from -',
});

/** @throws ERR_INVALID_REFERENCE, ERR_IMAGE_BUILT_IN */
export const nameOf = (text: string): string => {
  refuseHostName(text);
  const reference = parseTaggedReference(text);
  if (reference.digest === undefined) return formatReference(reference);
  throw sampanError('ERR_INVALID_REFERENCE', { subject: text, hint: 'a name that is given cannot have a digest' });
};

/** Looks at the first bytes while it stages them: a compression that is not ours is refused before gigabytes are read. */
const stageTar = async (
  source: AsyncIterable<Uint8Array>,
  scratch: string,
): Promise<{ readonly blob: StagedBlob; readonly compression: Compression }> => {
  let compression: Compression = 'none';
  let head = Buffer.alloc(0);
  const sniffed = async function* (): AsyncGenerator<Uint8Array> {
    for await (const chunk of source) {
      if (head.byteLength < longestMagic) {
        head = Buffer.concat([head, chunk]);
        compression = compressionOf(head, 'the archive');
      }
      yield chunk;
    }
  };
  const blob = await stageBlob(scratch, sniffed(), { what: 'the archive' });
  if (blob.size === 0) throw sampanError('ERR_ARCHIVE_INVALID', { subject: 'it is empty' });
  return { blob, compression };
};

const makeConfig = ({ defaults, platform, comment }: Wanted, diffId: Digest): Buffer => {
  const created = new Date().toISOString();
  return Buffer.from(
    JSON.stringify({
      created,
      comment,
      ...platform,
      config: defaultsToJson(defaults),
      rootfs: { type: 'layers', diff_ids: [diffId] },
      history: [{ created, comment }],
    }),
  );
};
