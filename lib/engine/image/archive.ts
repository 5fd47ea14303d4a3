// SPDX-License-Identifier: Apache-2.0
// An image archive: files by name, of which the documents among them say what they mean.
//
// How this works: in a plain tar that is a file, the headers say where everything lies. The documents are read first,
// then each layer once, from which its blob and its unpacked tree come at the same time (file-archive.ts). A stream (a
// pipe, or a compressed archive) is read once from beginning to end, with every file staged as a blob, since the
// documents may come last.

import { readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { sampanError } from '../../errors/sampan-error.js';
import { digestOfHex, type Digest } from '../../image/digest.js';
import { shorten } from '../../util/shorten.js';
import type { StagedBlob } from '../../store/content-store.js';
import { decompress } from '../../store/decompress.js';
import { stageBlob, type StageOptions } from '../../store/stage-blob.js';
import { readTarEntries, type TarEntry } from './tar-entries.js';

export interface Archive {
  /** of a file; links within the archive are followed, as the legacy names in docker's and skopeo's archives are */
  sizeOf(name: string): number | undefined;
  /** The file as a blob. A layer may be unpacked on the way. @throws ERR_DIGEST_MISMATCH, ERR_NO_SPACE */
  stage(name: string, layer?: LayerPlace): Promise<StagedBlob | undefined>;
  /** a document's content; undefined when there is none. @throws ERR_ARCHIVE_INVALID when it is too large */
  read(name: string, largestBytes: number): Promise<Buffer | undefined>;
  readonly isEmpty: boolean;
}

/** What a layer is to become. */
export interface LayerPlace {
  readonly diffId: Digest;
  readonly chainId: Digest;
  readonly parent: Digest | undefined;
}

export interface ArchiveFile {
  readonly size: number;
  stage(layer?: LayerPlace): Promise<StagedBlob>;
}

export const mostEntries = 50_000;
const mostLinkHops = 8;

/** @throws ERR_ARCHIVE_INVALID, ERR_DIGEST_MISMATCH, ERR_NOT_SUPPORTED, ERR_NO_SPACE */
export const stageArchive = async (source: AsyncIterable<Uint8Array>, scratch: string): Promise<Archive> => {
  const contents = openContents();
  const { content } = await decompress(source, 'the archive');
  await readTarEntries(content, async (entry) => {
    const name = contents.claim(entry);
    if (entry.kind !== 'file') return;
    const staged = await stageBlob(scratch, entry.content, optionsOf(name, entry.size));
    contents.files.set(name, { size: staged.size, stage: () => Promise.resolve(staged) });
  });
  return archiveOf(contents);
};

/** The blobs of a layout are what their names say. */
export const optionsOf = (name: string, size: number): StageOptions => {
  const hex = /^blobs\/sha256\/([0-9a-f]{64})$/.exec(name)?.[1];
  return { what: name, expected: hex === undefined ? undefined : { digest: digestOfHex(hex), size } };
};

export interface Contents {
  readonly files: Map<string, ArchiveFile>;
  readonly links: Map<string, string>;
  /** As in any tar, a later entry replaces an earlier one of the same name, which is what this returns. */
  claim(entry: Pick<TarEntry, 'name' | 'kind' | 'linkName'>): string;
}

export const openContents = (): Contents => {
  const files = new Map<string, ArchiveFile>();
  const links = new Map<string, string>();
  return {
    files,
    links,
    claim: (entry) => {
      const name = normalName(entry.name);
      if (files.size + links.size >= mostEntries) throw invalid(`it has more than ${String(mostEntries)} entries`);
      files.delete(name);
      links.delete(name);
      if (entry.kind !== 'file') links.set(name, targetOf(entry, name));
      return name;
    },
  };
};

export const archiveOf = ({ files, links }: Contents): Archive => {
  const find = (name: string): ArchiveFile | undefined => {
    let current = normalName(name);
    for (let hop = 0; hop < mostLinkHops && links.has(current); hop++) current = links.get(current) ?? '';
    return files.get(current);
  };
  return {
    sizeOf: (name) => find(name)?.size,
    stage: async (name, layer) => find(name)?.stage(layer),
    read: (name, largestBytes) => readDocument(find(name), name, largestBytes),
    isEmpty: files.size === 0,
  };
};

const readDocument = async (
  file: ArchiveFile | undefined,
  name: string,
  largestBytes: number,
): Promise<Buffer | undefined> => {
  if (file === undefined) return undefined;
  if (file.size > largestBytes) throw invalid(`${name} is larger than ${String(largestBytes)} bytes`);
  return readFileSync((await file.stage()).path);
};

/** A symlink is relative to its directory, a hard link to the root of the archive. */
const targetOf = ({ kind, linkName }: Pick<TarEntry, 'kind' | 'linkName'>, name: string): string =>
  normalName(kind === 'symlink' ? posix.join(posix.dirname(name), linkName) : linkName);

const normalName = (name: string): string => {
  const normal = posix.normalize(name).replace(/^\/+/, '');
  if (normal === '..' || normal.startsWith('../')) throw invalid(`the name ${shorten(name)} leads out of it`);
  return normal;
};

const invalid = (problem: string): Error => sampanError('ERR_ARCHIVE_INVALID', { subject: problem });
