// SPDX-License-Identifier: Apache-2.0
// An archive that can be read in any order: nothing is copied but what the images consist of, and each layer is hashed,
// kept and unpacked from one reading of it. (Reading it a second time to unpack it would let somebody who changes the
// file meanwhile pass off other content under a verified digest.)

import { read } from 'node:fs';
import type { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { sampanError } from '../../errors/sampan-error.js';
import type { StagedBlob } from '../../store/content-store.js';
import { compressionOf, longestMagic } from '../../store/decompress.js';
import { stageBlob, type StageOptions } from '../../store/stage-blob.js';
import { archiveOf, mostEntries, openContents, optionsOf, type Archive, type LayerPlace } from './archive.js';
import { indexTar, seekableFile, type IndexedEntry } from './tar-index.js';

/** Unpacks a layer's content, where that is still missing; whether it is the right content is known only afterwards. */
export type UnpackLayer = (layer: LayerPlace, content: AsyncIterable<Uint8Array>) => Promise<void>;

interface FileArchive {
  readonly fd: number;
  readonly scratch: string;
  readonly unpackLayer: UnpackLayer;
}

/** undefined when the source has to be read as a stream. The source stays open while the archive is used. */
export const openFileArchive = async (
  source: Readable,
  scratch: string,
  unpackLayer: UnpackLayer,
): Promise<Archive | undefined> => {
  const fd = await seekableFile(source);
  const entries = fd === undefined ? undefined : indexTar(fd, mostEntries);
  if (fd === undefined || entries === undefined) return undefined;
  const contents = openContents();
  for (const entry of entries) {
    const name = contents.claim(entry);
    if (entry.kind !== 'file') continue;
    let staged: Promise<StagedBlob> | undefined;
    const stage = (layer?: LayerPlace) => (staged ??= stageEntry({ fd, scratch, unpackLayer }, entry, { name, layer }));
    contents.files.set(name, { size: entry.size, stage });
  }
  return archiveOf(contents);
};

const stageEntry = async (
  { fd, scratch, unpackLayer }: FileArchive,
  entry: IndexedEntry,
  { name, layer }: { readonly name: string; readonly layer: LayerPlace | undefined },
): Promise<StagedBlob> => {
  const options = optionsOf(name, entry.size);
  if (layer === undefined) return stageBlob(scratch, contentOf(fd, entry), options);
  return stageBlob(scratch, contentOf(fd, entry), {
    ...options,
    expected: options.expected ?? (await expectedOf(fd, entry, { name, layer })),
    use: (content) => unpackLayer(layer, content),
  });
};

/** A plain layer is named by its diff id, a compressed one by nothing that a docker-archive knows. */
const expectedOf = async (
  fd: number,
  { offset, size }: IndexedEntry,
  { name, layer }: { readonly name: string; readonly layer: LayerPlace },
): Promise<StageOptions['expected']> => {
  const head = await readAt(fd, offset, Math.min(size, longestMagic));
  return compressionOf(head, name) === 'none' ? { digest: layer.diffId, size } : undefined;
};

const chunkBytes = 512 * 1024;

/** The next chunk is read while this one is used. */
async function* contentOf(fd: number, { offset, size }: IndexedEntry): AsyncGenerator<Uint8Array> {
  const readNext = (done: number): Promise<Uint8Array> => {
    const next = readAt(fd, offset + done, Math.min(chunkBytes, size - done));
    // awaited below, or the reader has left
    next.catch(() => undefined);
    return next;
  };
  let next = readNext(0);
  for (let done = 0; done < size;) {
    const chunk = await next;
    if (chunk.byteLength === 0) throw sampanError('ERR_ARCHIVE_INVALID', { subject: 'it was cut off meanwhile' });
    done += chunk.byteLength;
    if (done < size) next = readNext(done);
    yield chunk;
  }
}

const readAt = async (fd: number, position: number, length: number): Promise<Uint8Array> => {
  const buffer = Buffer.allocUnsafeSlow(length);
  return buffer.subarray(0, await readInto(fd, buffer, position));
};

const readInto: (fd: number, buffer: Uint8Array, position: number) => Promise<number> = promisify(
  (fd: number, buffer: Uint8Array, position: number, done: (error: Error | null, bytes: number) => void) => {
    read(fd, buffer, 0, buffer.byteLength, position, done);
  },
);
