// SPDX-License-Identifier: Apache-2.0
// Unpacks a layer through the helper, as root of a user namespace with the containers' id map, so that files get the
// owners they will have in containers.

import { closeSync, openSync } from 'node:fs';
import { Socket } from 'node:net';
import { hasErrno, sampanError } from '../../errors/sampan-error.js';
import { shorten } from '../../util/shorten.js';
import { HelperFailure } from '../../native/helper.js';
import { digestOfHex, type Digest } from '../../image/digest.js';
import type { Inflater, Native } from '../../native/native.js';
import { runTask } from '../../native/task.js';
import { namespaceOperations, type IdMap } from '../../runtime/id-map.js';
import { planError } from '../../runtime/plan-failure.js';
import type { LayerUsage, TarInput } from '../../store/layers.js';

const ownersCannotBeSet = 1;

/** @throws ERR_ARCHIVE_INVALID, ERR_LAYER_UNPACK, ERR_NO_SPACE */
export const unpackLayer = async (
  native: Native,
  idMap: IdMap,
  {
    input,
    directory,
    signal,
  }: { readonly input: TarInput; readonly directory: string; readonly signal?: AbortSignal | undefined },
): Promise<LayerUsage> => {
  const task: UnpackTask = { native, idMap, directory, signal };
  const counts = input.kind === 'file' ? await unpackFile(task, input) : await unpackStream(task, input.chunks);
  return { sizeBytes: counts['bytes'] ?? 0, inodes: counts['inodes'] ?? 0 };
};

/** Decompressed and hashed on the thread pool; undefined where this Node cannot, and then nothing has been read. */
export const unpackGzipLayer = async (
  native: Native,
  idMap: IdMap,
  {
    content,
    directory,
    signal,
  }: {
    readonly content: AsyncIterable<Uint8Array>;
    readonly directory: string;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<(LayerUsage & { readonly diffId: Digest }) | undefined> => {
  if (!native.hasInflater()) return undefined;
  const { counts, fed } = await withPipe({ native, idMap, directory, signal }, (fd, stop) =>
    feedInflater(native.openInflater(fd), content, stop),
  );
  return { sizeBytes: counts['bytes'] ?? 0, inodes: counts['inodes'] ?? 0, diffId: digestOfHex(fed) };
};

/** So much is worth a trip to the thread pool. */
const inflateBytes = 256 * 1024;

/** Gathers the next piece while the last one is decompressed. */
const feedInflater = async (
  inflater: Inflater,
  content: AsyncIterable<Uint8Array>,
  stop: AbortSignal,
): Promise<string> => {
  let pushing = Promise.resolve();
  let gathered: Uint8Array[] = [];
  let gatheredBytes = 0;
  const push = async (): Promise<void> => {
    await pushing;
    if (gatheredBytes === 0) return;
    pushing = inflater.push(gathered);
    // awaited before the next one and at the end; until then a failure must not count as unhandled
    pushing.catch(() => undefined);
    [gathered, gatheredBytes] = [[], 0];
  };
  try {
    for await (const chunk of content) {
      if (stop.aborted) break;
      gathered.push(chunk);
      gatheredBytes += chunk.byteLength;
      if (gatheredBytes >= inflateBytes) await push();
    }
    await push();
    await pushing;
    // what is cut off here was cut off by us: the task's own failure is reported
    return stop.aborted ? '' : inflater.finish();
  } finally {
    inflater.close();
  }
};

interface UnpackTask {
  readonly native: Native;
  readonly idMap: IdMap;
  readonly directory: string;
  readonly signal: AbortSignal | undefined;
}

const unpackFile = async (task: UnpackTask, { path }: Extract<TarInput, { kind: 'file' }>) => {
  const fd = openSync(path, 'r');
  try {
    return await runUnpack(task, fd, task.signal);
  } finally {
    closeSync(fd);
  }
};

const unpackStream = (task: UnpackTask, chunks: AsyncIterable<Uint8Array>) =>
  withPipe(task, (fd, stop) => feed(fd, chunks, stop)).then(({ counts }) => counts);

/**
 * Runs the task on a pipe while `feed` writes to it, which owns the descriptor and is told to stop when the task has
 * failed.
 */
const withPipe = async <T>(
  task: UnpackTask,
  feedPipe: (fd: number, stop: AbortSignal) => Promise<T>,
): Promise<{ readonly counts: Readonly<Record<string, number>>; readonly fed: T }> => {
  const [readEnd, writeEnd] = task.native.pipe();
  const abort = new AbortController();
  const forward = (): void => abort.abort(task.signal?.reason);
  task.signal?.addEventListener('abort', forward, { once: true });
  const running = runUnpack(task, readEnd, abort.signal).finally(() => {
    task.signal?.removeEventListener('abort', forward);
  });
  // The helper has been started by now and has its own copy.
  closeSync(readEnd);
  const stop = new AbortController();
  running.catch(() => {
    stop.abort();
  });
  const feeding = feedPipe(writeEnd, stop.signal).catch((error: unknown) => {
    abort.abort(error);
    throw error;
  });
  // What went wrong with the source says more than what the helper made of it.
  const [fed, ran] = await Promise.allSettled([feeding, running]);
  if (fed.status === 'rejected') throw fed.reason;
  if (ran.status === 'rejected') throw ran.reason;
  return { counts: ran.value, fed: fed.value };
};

const runUnpack = async (
  { native, idMap, directory }: UnpackTask,
  fd: number,
  signal: AbortSignal | undefined,
): Promise<Readonly<Record<string, number>>> => {
  const flags = idMap.mode === 'single' ? ownersCannotBeSet : 0;
  try {
    return await runTask(native, {
      operations: [
        ...namespaceOperations(idMap),
        { op: 'become_root' },
        { op: 'unpack_tar', input: 0, source: directory, flags },
      ],
      descriptors: [fd],
      title: 'sampan-unpack',
      signal,
    });
  } catch (error) {
    throw error instanceof HelperFailure ? unpackError(error) : error;
  }
};

/** Errors of the tar itself belong to the archive, others to the machine. */
const unpackError = (failure: HelperFailure): Error => {
  const general = planError(failure);
  const { operation, subject, detail, code, errno } = failure;
  if (operation !== 'unpack_tar' || general.code !== 'ERR_PLAN_FAILED') return general;
  const isReading = /^(?:read tar|unpack)\b/.test(detail);
  const noSuchId = detail.startsWith('fchown') && code === 'EINVAL';
  return sampanError(isReading || archiveErrnos.has(code) ? 'ERR_ARCHIVE_INVALID' : 'ERR_LAYER_UNPACK', {
    subject: shorten(subject, longestSubject),
    op: operation,
    errno,
    cause: isReading ? undefined : general.cause,
    hint: noSuchId
      ? 'the id map is too small for this owner: give the user more ids in /etc/subuid and /etc/subgid'
      : undefined,
  });
};

/** Enough for a path that a person would look for. */
const longestSubject = 300;

/** What only names and links in the archive can bring about. */
const archiveErrnos: ReadonlySet<string> = new Set(['EBADMSG', 'ENAMETOOLONG', 'ELOOP', 'ENOTDIR', 'EXDEV', 'EISDIR']);

/**
 * Writes everything and closes the pipe. The source is read to its end even when the reader stops early, because its
 * digest counts; not so once unpacking has failed.
 */
const feed = async (fd: number, chunks: AsyncIterable<Uint8Array>, stop: AbortSignal): Promise<void> => {
  const pipe = new Socket({ fd, readable: false, writable: true });
  let failure: Error | undefined;
  const closed = new Promise<void>((resolve) => {
    pipe.once('close', resolve);
  });
  pipe.on('error', (error: Error) => {
    failure = error;
  });
  try {
    for await (const chunk of chunks) {
      if (stop.aborted) break;
      if (failure === undefined && !pipe.write(chunk)) await drained(pipe);
    }
    pipe.end();
    await closed;
  } finally {
    pipe.destroy();
  }
  // The helper stopped reading: it says itself why, or it had seen the end of the archive.
  if (failure !== undefined && !hasErrno(failure, 'EPIPE', 'ECONNRESET')) throw failure;
};

const drained = (pipe: Socket): Promise<void> =>
  new Promise((resolve) => {
    const done = (): void => {
      pipe.off('drain', done);
      pipe.off('close', done);
      resolve();
    };
    pipe.once('drain', done);
    pipe.once('close', done);
  });
