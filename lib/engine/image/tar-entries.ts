// SPDX-License-Identifier: Apache-2.0
// Entries of a tar stream, one after the other. Names are only names: nothing is ever extracted to them.

import { Parser } from 'tar/parse';
import type { ReadEntry } from 'tar/read-entry';
import { isSampanError, sampanError } from '../../errors/sampan-error.js';
import { shorten } from '../../image/digest.js';

export interface TarEntry {
  readonly name: string;
  readonly kind: 'file' | 'symlink' | 'hardlink';
  readonly linkName: string;
  readonly size: number;
  /** a file's bytes */
  readonly content: AsyncIterable<Uint8Array>;
}

const kinds: Readonly<Record<string, TarEntry['kind'] | undefined>> = {
  File: 'file',
  OldFile: 'file',
  ContiguousFile: 'file',
  SymbolicLink: 'symlink',
  Link: 'hardlink',
};

/**
 * Calls `onEntry` for each file and link, and waits for it before the next. Directories and devices are passed over.
 * @throws ERR_ARCHIVE_INVALID when it is no tar archive or is cut off, and what onEntry and the source throw
 */
export const readTarEntries = async (source: AsyncIterable<Uint8Array>, onEntry: OnEntry): Promise<void> => {
  const work = openParser(onEntry);
  try {
    for await (const chunk of source) {
      if (!work.parser.write(toBuffer(chunk))) await Promise.race([work.failed, drained(work.parser)]);
    }
    work.parser.end();
    await Promise.race([work.failed, work.ended]);
  } catch (error) {
    await work.abandon(error);
    throw tarError(error);
  }
};

type OnEntry = (entry: TarEntry) => Promise<void>;

const openParser = (onEntry: OnEntry) => {
  let fail: (reason: unknown) => void = () => undefined;
  const failed = new Promise<never>((_, reject) => {
    fail = reject;
  });
  // It is raced against the rest; until then a failure must not count as unhandled.
  failed.catch(() => undefined);
  let current: { readonly entry: ReadEntry; readonly done: Promise<void> } | undefined;
  const parser = new Parser({
    strict: true,
    onReadEntry: (entry) => {
      const kind = kinds[entry.type];
      if (kind === undefined) {
        entry.resume();
        return;
      }
      const { path: name, linkpath: linkName = '', size } = entry;
      const done = onEntry({ name, kind, linkName, size, content: entry }).then(() => {
        entry.resume();
      });
      current = { entry, done };
      done.catch(fail);
    },
  });
  parser.on('error', fail);
  const ended = new Promise<void>((resolve) => {
    parser.on('end', resolve);
  });
  /** Lets the reader of a half-read entry come to its end. */
  const abandon = async (error: unknown): Promise<void> => {
    current?.entry.destroy(error);
    await current?.done.catch(() => undefined);
  };
  return { parser, failed, ended, abandon };
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
