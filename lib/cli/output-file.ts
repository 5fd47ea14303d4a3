// SPDX-License-Identifier: Apache-2.0
// Where an archive goes: a file that appears under its name only when it is whole, or stdout.

import { statSync, type Stats } from 'node:fs';
import { open, readdir, realpath, rename, rm, unlink, type FileHandle } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { hasErrno, sampanError } from '../errors/sampan-error.js';
import type { Host } from './host.js';
import { isAbandoned, temporaryName } from '../util/temporary-name.js';

export interface Archive extends AsyncDisposable {
  readonly chunks: AsyncIterable<Uint8Array>;
}

/** undefined: stdout. Checked before anything is asked of the engine. @throws ERR_ARGUMENTS, ERR_INVALID_VALUE */
export const checkOutput = (host: Host, path: string | undefined): void => {
  if (path === undefined) {
    if (!host.stdout.isTerminal) return;
    throw sampanError('ERR_ARGUMENTS', {
      subject: 'an archive is not written to a terminal',
      hint: 'give a file with -o FILE, or redirect stdout',
    });
  }
  const full = resolve(host.caller.cwd, path);
  if (statOf(full, path)?.isDirectory() === true) {
    throw sampanError('ERR_INVALID_VALUE', { subject: `${path} is a directory`, hint: 'give the name of a file' });
  }
  if (statOf(dirname(full), path)?.isDirectory() === true) return;
  throw sampanError('ERR_INVALID_VALUE', { subject: `${path}: its directory does not exist` });
};

/** Resolves with the exit code: 128+n when a signal came, in which case nothing is left. */
export const writeOutput = async (host: Host, path: string | undefined, archive: Archive): Promise<number> => {
  await using source = archive;
  if (path === undefined) {
    for await (const chunk of source.chunks) await host.stdout.write(chunk);
    return 0;
  }
  try {
    return await writeFile(host, resolve(host.caller.cwd, path), source);
  } catch (error) {
    if (hasErrno(error, 'ENOSPC', 'EDQUOT')) throw sampanError('ERR_NO_SPACE', { subject: path, cause: error });
    if (!isSystemError(error)) throw error;
    throw sampanError('ERR_INVALID_VALUE', { subject: path, cause: error });
  }
};

const writeFile = async (host: Host, path: string, source: Archive): Promise<number> => {
  const existing = statOf(path, path);
  // A pipe or device cannot be replaced, and has no half to leave.
  if (existing !== undefined && !existing.isFile()) return writeInPlace(path, source);
  const target = existing === undefined ? path : await realpath(path);
  await removeAbandoned(target);
  const temporary = temporaryName(target);
  let stopped = 0;
  using _stop = host.terminal.onStop((signal) => {
    stopped = signal;
  });
  const file = await open(temporary, 'wx', 0o600);
  try {
    for await (const chunk of source.chunks) {
      if (stopped !== 0) break;
      await writeAll(file, chunk);
    }
    await file.close();
    if (stopped === 0) await rename(temporary, target);
    else await unlink(temporary);
    return stopped === 0 ? 0 : 128 + stopped;
  } catch (error) {
    await file.close();
    await unlink(temporary);
    throw error;
  }
};

/** What killed commands left of this file. */
const removeAbandoned = async (target: string): Promise<void> => {
  const directory = dirname(target);
  const names = (await readdir(directory)).filter((name) => isAbandoned(target, name));
  for (const name of names) await rm(join(directory, name), { force: true });
};

const writeInPlace = async (path: string, source: Archive): Promise<number> => {
  const file = await open(path, 'w');
  try {
    for await (const chunk of source.chunks) await writeAll(file, chunk);
    return 0;
  } finally {
    await file.close();
  }
};

const writeAll = async (file: FileHandle, chunk: Uint8Array): Promise<void> => {
  for (let offset = 0; offset < chunk.byteLength;) {
    offset += (await file.write(chunk, offset)).bytesWritten;
  }
};

const statOf = (path: string, shown: string): Stats | undefined => {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    throw sampanError('ERR_INVALID_VALUE', { subject: shown, cause: error });
  }
};

/** What a system call of Node's reports; our own errors pass as they are. EPIPE is for the one who asked. */
const isSystemError = (error: unknown): boolean =>
  typeof error === 'object' && error !== null && 'syscall' in error && !hasErrno(error, 'EPIPE');
