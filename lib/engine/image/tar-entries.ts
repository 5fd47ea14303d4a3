// SPDX-License-Identifier: Apache-2.0
// Entries of a tar stream, one after the other. Names are only names: nothing is ever extracted to them.

import { Parser } from 'tar/parse';
import type { ReadEntry } from 'tar/read-entry';
import { isSampanError, sampanError } from '../../errors/sampan-error.js';
import { shorten } from '../../util/shorten.js';

export interface TarEntry {
  readonly name: string;
  readonly kind: 'file' | 'symlink' | 'hardlink';
  readonly linkName: string;
  readonly size: number;
  /** a file's bytes */
  readonly content: AsyncIterable<Uint8Array>;
}

export const tarEntryKinds: Readonly<Record<string, TarEntry['kind'] | undefined>> = {
  File: 'file',
  OldFile: 'file',
  ContiguousFile: 'file',
  SymbolicLink: 'symlink',
  Link: 'hardlink',
};

/**
 * Calls `onEntry` for each file and link, in order. An entry's work may still go on when the next one begins, but not
 * when this returns. Directories and devices are passed over.
 * @throws ERR_ARCHIVE_INVALID when it is no tar archive or is cut off, and what onEntry and the source throw
 */
export const readTarEntries = async (source: AsyncIterable<Uint8Array>, onEntry: OnEntry): Promise<void> => {
  const { parser, failed, ended, hasEnded, underWay, abandon } = openParser(onEntry);
  try {
    let afterEndBytes = 0;
    for await (const chunk of source) {
      if (hasEnded()) {
        // Padding is read, so that its writer is not cut off; the parser would keep it in memory. Whoever has more to
        // say after the end of the archive is not listened to.
        afterEndBytes += chunk.byteLength;
        if (afterEndBytes > mostPaddingBytes) break;
        continue;
      }
      if (!parser.write(toBuffer(chunk))) await Promise.race([failed, drained(parser)]);
      // All but the last of them have their data and come to an end by themselves.
      while (underWay.size > mostUnderWay) await Promise.race([failed, ...underWay]);
    }
    parser.end();
    await Promise.race([failed, ended]);
    await Promise.race([failed, Promise.all(underWay)]);
  } catch (error) {
    await abandon(error);
    throw tarError(error);
  }
};

type OnEntry = (entry: TarEntry) => Promise<void>;

const mostUnderWay = 8;
const mostPaddingBytes = 1024 * 1024;

const openParser = (onEntry: OnEntry) => {
  let fail: (reason: unknown) => void = () => undefined;
  const failed = new Promise<never>((_, reject) => {
    fail = reject;
  });
  // It is raced against the rest; until then a failure must not count as unhandled.
  failed.catch(() => undefined);
  const underWay = new Set<Promise<void>>();
  let last: ReadEntry | undefined;
  const parser = new Parser({
    strict: true,
    onReadEntry: (entry) => {
      const kind = tarEntryKinds[entry.type];
      last = entry;
      if (kind === undefined) {
        entry.resume();
        return;
      }
      const { path: name, linkpath: linkName = '', size } = entry;
      const work = onEntry({ name, kind, linkName, size, content: entry })
        .then(() => entry.resume(), fail)
        .then(() => {
          underWay.delete(work);
        });
      underWay.add(work);
    },
  });
  parser.on('error', fail);
  let sawEnd = false;
  parser.on('eof', () => {
    sawEnd = true;
  });
  const ended = new Promise<void>((resolve) => {
    parser.on('end', resolve);
  });
  /** Lets the reader of a half-read entry, and all others, come to their ends. */
  const abandon = async (error: unknown): Promise<void> => {
    // Whoever reads it is told; one that nobody reads any more must not make it an uncaught error.
    last?.on('error', () => undefined);
    last?.destroy(error);
    await Promise.all(underWay);
  };
  return { parser, failed, ended, hasEnded: () => sawEnd, underWay, abandon };
};

const toBuffer = (chunk: Uint8Array): Buffer => Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);

const drained = (parser: Parser): Promise<void> =>
  new Promise((resolve) => {
    parser.once('drain', resolve);
  });

/** The parser marks its own complaints with TAR_ codes. */
const tarError = (error: unknown): unknown => {
  if (isSampanError(error) || !(error instanceof Error)) return error;
  const code = 'tarCode' in error ? error.tarCode : 'code' in error ? error.code : undefined;
  if (typeof code !== 'string' || !code.startsWith('TAR_')) return error;
  return sampanError('ERR_ARCHIVE_INVALID', {
    subject: `not a whole tar archive: ${shorten(error.message)}`,
    cause: error,
  });
};
