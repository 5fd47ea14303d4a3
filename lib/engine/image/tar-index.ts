// SPDX-License-Identifier: Apache-2.0
// Where the files of a plain tar archive lie, found by reading its headers alone: the archive is a file, so its content
// can be read in any order. Whatever is unusual makes this give up; then the archive is read from beginning to end
// (tar-entries.ts), which also says what is wrong with it.

import { once } from 'node:events';
import { ReadStream, fstatSync, readFileSync, readSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { Header } from 'tar/header';
import { Pax } from 'tar/pax';
import { hasErrno } from '../../errors/sampan-error.js';
import { tarEntryKinds, type TarEntry } from './tar-entries.js';

export interface IndexedEntry extends Pick<TarEntry, 'name' | 'kind' | 'linkName' | 'size'> {
  /** where a file's bytes begin */
  readonly offset: number;
}

/** The descriptor of a regular file that nothing has been read from yet. */
export const seekableFile = async (source: Readable): Promise<number | undefined> => {
  if (!(source instanceof ReadStream) || source.bytesRead > 0) return undefined;
  if (source.pending) await once(source, 'ready');
  // The types know only of streams that are opened by path.
  const { fd } = source as { readonly fd?: unknown };
  if (typeof fd !== 'number' || !fstatSync(fd).isFile()) return undefined;
  return positionOf(fd) === 0 ? fd : undefined;
};

/** Standard input may have been read by somebody else before. */
const positionOf = (fd: number): number => {
  try {
    return Number(/^pos:\s*(\d+)/.exec(readFileSync(`/proc/self/fdinfo/${String(fd)}`, 'utf8'))?.[1] ?? NaN);
  } catch (error) {
    if (hasErrno(error, 'ENOENT', 'EACCES')) return NaN;
    throw error;
  }
};

const blockBytes = 512;
const largestExtension = 1024 * 1024;
const paddedBytes = (size: number): number => Math.ceil(size / blockBytes) * blockBytes;

/** What extended headers have said about the entry that follows. */
type Extension = ConstructorParameters<typeof Header>[2];

/** undefined when it must be read as a stream */
export const indexTar = (fd: number, mostEntries: number): readonly IndexedEntry[] | undefined => {
  const entries: IndexedEntry[] = [];
  const { size: end } = fstatSync(fd);
  let extension: Extension;
  for (let position = 0; entries.length <= mostEntries;) {
    const header = readHeader(fd, position, extension);
    if (header === undefined) return undefined;
    const offset = position + blockBytes;
    if (header.nullBlock) return extension === undefined && isEnd(fd, offset, end) ? entries : undefined;
    const { size = 0, type } = header;
    if (offset + size > end) return undefined;
    position = offset + paddedBytes(size);
    if (extensions.has(type)) {
      extension = readExtension(fd, { type, offset, size, before: extension });
      if (extension === undefined) return undefined;
      continue;
    }
    extension = undefined;
    if (type === 'Directory') continue;
    const entry = entryOf(header, offset);
    if (entry === undefined) return undefined;
    entries.push(entry);
  }
  return undefined;
};

const readHeader = (fd: number, position: number, extension: Extension): Header | undefined => {
  const block = readAt(fd, position, blockBytes);
  if (block === undefined) return undefined;
  const header = parseHeader(block, extension);
  if (header === undefined || header.nullBlock) return header;
  const { size = 0 } = header;
  return header.cksumValid && Number.isSafeInteger(size) && size >= 0 ? header : undefined;
};

const parseHeader = (block: Buffer, extension: Extension): Header | undefined => {
  try {
    return new Header(block, 0, extension);
  } catch {
    // it throws bare errors for numbers that it cannot read
    return undefined;
  }
};

const extensions: ReadonlySet<string> = new Set(['ExtendedHeader', 'NextFileHasLongPath', 'NextFileHasLongLinkpath']);

interface ExtensionHeader {
  readonly type: string;
  readonly offset: number;
  readonly size: number;
  readonly before: Extension;
}

const readExtension = (fd: number, { type, offset, size, before }: ExtensionHeader): Extension | undefined => {
  const body = size > largestExtension ? undefined : readAt(fd, offset, size)?.toString('utf8');
  if (body === undefined) return undefined;
  if (type === 'ExtendedHeader') return Pax.parse(body, before);
  const [text = ''] = body.split('\0', 1);
  return { ...before, ...(type === 'NextFileHasLongPath' ? { path: text } : { linkpath: text }) };
};

/** undefined for what is no plain file or link */
const entryOf = ({ type, path, linkpath, size = 0 }: Header, offset: number): IndexedEntry | undefined => {
  const kind = tarEntryKinds[type];
  if (kind === undefined || path === undefined || (kind !== 'file' && size > 0)) return undefined;
  return { name: path, kind, linkName: linkpath ?? '', size, offset };
};

const isEnd = (fd: number, position: number, end: number): boolean => {
  if (position === end) return true;
  const block = readAt(fd, position, blockBytes);
  return block?.every((byte) => byte === 0) === true;
};

/** undefined when the file ends before */
const readAt = (fd: number, position: number, length: number): Buffer | undefined => {
  const buffer = Buffer.alloc(length);
  let filled = 0;
  while (filled < length) {
    const got = readSync(fd, buffer, filled, length - filled, position + filled);
    if (got === 0) return undefined;
    filled += got;
  }
  return buffer;
};
