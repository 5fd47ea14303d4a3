// SPDX-License-Identifier: Apache-2.0
// An image archive, read once from beginning to end (it may come through a pipe): every file is staged as a blob, and
// only then, since the documents may come last, is it asked what the files mean.

import { readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { sampanError } from '../../errors/sampan-error.js';
import { shorten } from '../../util/shorten.js';
import type { StagedBlob } from '../../store/content-store.js';
import { decompress } from '../../store/decompress.js';
import { stageBlob } from '../../store/stage-blob.js';
import { readTarEntries, type TarEntry } from './tar-entries.js';

export interface Archive {
  /** Follows links within the archive, as the legacy names in docker's and skopeo's archives are. */
  find(name: string): StagedBlob | undefined;
  /** a document's content; undefined when there is none. @throws ERR_ARCHIVE_INVALID when it is too large */
  read(name: string, largestBytes: number): Buffer | undefined;
  readonly isEmpty: boolean;
}

const mostEntries = 50_000;
const mostLinkHops = 8;

/** @throws ERR_ARCHIVE_INVALID, ERR_DIGEST_MISMATCH, ERR_NOT_SUPPORTED, ERR_NO_SPACE */
export const stageArchive = async (source: AsyncIterable<Uint8Array>, scratch: string): Promise<Archive> => {
  const files = new Map<string, StagedBlob>();
  const links = new Map<string, string>();
  const { content } = await decompress(source, 'the archive');
  await readTarEntries(content, async (entry) => {
    const name = normalName(entry.name);
    if (files.size + links.size >= mostEntries) throw invalid(`it has more than ${String(mostEntries)} entries`);
    // As in any tar, a later entry replaces an earlier one of the same name.
    files.delete(name);
    links.delete(name);
    if (entry.kind === 'file') files.set(name, await stageEntry(entry, name, scratch));
    else links.set(name, targetOf(entry, name));
  });
  const find = (name: string): StagedBlob | undefined => {
    let current = normalName(name);
    for (let hop = 0; hop < mostLinkHops && links.has(current); hop++) current = links.get(current) ?? '';
    return files.get(current);
  };
  return {
    find,
    read: (name, largestBytes) => readDocument(find(name), name, largestBytes),
    isEmpty: files.size === 0,
  };
};

const stageEntry = async (entry: TarEntry, name: string, scratch: string): Promise<StagedBlob> => {
  const blob = await stageBlob(scratch, entry.content, { what: name });
  const named = /^blobs\/sha256\/([0-9a-f]{64})$/.exec(name)?.[1];
  if (named !== undefined && blob.digest !== `sha256:${named}`) {
    throw sampanError('ERR_DIGEST_MISMATCH', { subject: `${name} is ${blob.digest}` });
  }
  return blob;
};

const readDocument = (blob: StagedBlob | undefined, name: string, largestBytes: number): Buffer | undefined => {
  if (blob === undefined) return undefined;
  if (blob.size > largestBytes) throw invalid(`${name} is larger than ${String(largestBytes)} bytes`);
  return readFileSync(blob.path);
};

/** A symlink is relative to its directory, a hard link to the root of the archive. */
const targetOf = (entry: TarEntry, name: string): string =>
  normalName(entry.kind === 'symlink' ? posix.join(posix.dirname(name), entry.linkName) : entry.linkName);

const normalName = (name: string): string => {
  const normal = posix.normalize(name).replace(/^\/+/, '');
  if (normal === '..' || normal.startsWith('../')) throw invalid(`the name ${shorten(name)} leads out of it`);
  return normal;
};

const invalid = (problem: string): Error => sampanError('ERR_ARCHIVE_INVALID', { subject: problem });
