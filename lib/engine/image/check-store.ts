// SPDX-License-Identifier: Apache-2.0
// `system check --store`: everything the store says about itself is held against what is on disk. It only reads, so what
// another command changes meanwhile may look wrong: what was found is looked at again while nobody can change it.

import { createHash } from 'node:crypto';
import { createReadStream, lstatSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { hasErrno, isSampanError } from '../../errors/sampan-error.js';
import { digestOfHex, hexOf, type Digest } from '../../image/digest.js';
import { filesOf, listContainerIds, readContainerRecord } from '../../store/container-records.js';
import { reachableFrom } from '../../store/image-gc.js';
import { formatBytes } from '../../util/bytes.js';
import type { CheckResult } from '../contract.js';
import { checkImages } from './check-images.js';
import type { ImageContext } from './context.js';

/** What is wrong with an object of the store. */
export interface Finding extends CheckResult {
  /** what repair may take away */
  readonly blob?: Digest;
  readonly layer?: Digest;
}

export const checkStore = async (context: ImageContext): Promise<readonly Finding[]> => {
  const found = await findings(context);
  if (found.every(({ status }) => status === 'ok')) return found;
  // shared: commands that only add containers go on
  using _lock = await context.locks.store('shared');
  return await findings(context);
};

/** One of each kind at least, in the order of dependence. */
export const findings = async (context: ImageContext): Promise<readonly Finding[]> => [
  ...checkLayout(context),
  ...(await checkBlobs(context)),
  ...checkImages(context),
  ...(await checkLayers(context)),
  ...checkContainers(context),
  ...checkGarbage(context),
];

export const repairHint = "'sampan system check --store --repair' removes it";

const checkLayout = ({ paths, index }: ImageContext): readonly Finding[] => {
  const marker = join(paths.images, 'oci-layout');
  const entries = orFailure('index', 'move it away and load or pull the images again', () => index.read());
  if ('status' in entries) return [entries];
  if (entries.value.length === 0) return [{ name: 'index', status: 'ok', detail: 'no images' }];
  const layout = orFailure('layout', `echo '{"imageLayoutVersion":"1.0.0"}' > ${marker}`, () => {
    const content = JSON.parse(readFileSync(marker, 'utf8')) as { imageLayoutVersion?: unknown }; // one field is read
    if (content.imageLayoutVersion !== '1.0.0') throw new Error(`${marker} is of another version`);
  });
  if ('status' in layout) return [layout];
  return [{ name: 'index', status: 'ok', detail: `index.json has ${String(entries.value.length)} entries` }];
};

const checkBlobs = async ({ content }: ImageContext): Promise<readonly Finding[]> => {
  const wrong: Finding[] = [];
  let bytes = 0;
  const digests = content.list();
  for (const digest of digests) {
    const path = content.find(digest);
    // removed since it was listed
    if (path === undefined) continue;
    const seen = await hashFile(path);
    bytes += seen.bytes;
    if (seen.digest !== digest)
      wrong.push({
        name: 'blob',
        status: 'failed',
        detail: `${digest} is ${seen.digest}`,
        fix: repairHint,
        blob: digest,
      });
  }
  if (wrong.length > 0) return wrong;
  const detail = `${String(digests.length)} blobs, ${formatBytes(bytes)}, have the digests they are named by`;
  return [{ name: 'blob', status: 'ok', detail }];
};

const hashFile = async (path: string): Promise<{ readonly digest: Digest | 'unreadable'; readonly bytes: number }> => {
  const hash = createHash('sha256');
  let bytes = 0;
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>) {
      hash.update(chunk);
      bytes += chunk.byteLength;
    }
  } catch (error) {
    // a bad sector, or something that is no file
    if (hasErrno(error, 'EIO', 'EISDIR', 'EACCES', 'ENOENT')) return { digest: 'unreadable', bytes };
    throw error;
  }
  return { digest: digestOfHex(hash.digest('hex')), bytes };
};

/** A layer's files have no digest of their own: that none is missing or too many is what can be told cheaply. */
const checkLayers = async ({ layers, measureTrees }: ImageContext): Promise<readonly Finding[]> => {
  const chainIds = layers.list();
  const counted = await measureTrees(chainIds.map((chainId) => layers.diffDirectory(chainId)));
  const wrong = chainIds.flatMap((chainId, position): readonly Finding[] => {
    const problem = problemOf(layers.find(chainId), chainId, counted[position]?.inodes ?? 0);
    if (problem === undefined) return [];
    const detail = `${hexOf(chainId)} ${problem}`;
    return [{ name: 'layer', status: 'failed', detail, fix: repairHint, layer: chainId }];
  });
  if (wrong.length > 0) return wrong;
  return [
    { name: 'layer', status: 'ok', detail: `${String(chainIds.length)} unpacked layers are what their records say` },
  ];
};

const problemOf = (
  record: ReturnType<ImageContext['layers']['find']>,
  chainId: Digest,
  inodes: number,
): string | undefined => {
  if (record === undefined) return 'has no readable layer.json';
  if (record.chainId !== chainId) return `says that it is ${record.chainId}`;
  if (inodes === 0) return 'has no files';
  return record.inodes === inodes
    ? undefined
    : `has ${String(inodes)} files and directories, its record says ${String(record.inodes)}`;
};

const checkContainers = ({ paths, layers }: ImageContext): readonly Finding[] => {
  const ids = listContainerIds(paths);
  const wrong = ids.flatMap((id): readonly Finding[] => {
    const files = filesOf(paths, id);
    const read = orFailure('container', `sampan rm -f ${id.slice(0, 12)}`, () => readContainerRecord(files));
    if ('status' in read) return [read];
    const missing = (read.value?.layers ?? []).filter((chainId) => !isLayer(layers, chainId));
    if (missing.length === 0) return [];
    const detail = `${read.value?.name ?? id} stands on layer ${missing.join(', ')}, which is missing`;
    return [{ name: 'container', status: 'failed', detail, fix: `sampan rm -f ${id.slice(0, 12)}` }];
  });
  if (wrong.length > 0) return wrong;
  return [{ name: 'container', status: 'ok', detail: `${String(ids.length)} containers have their layers` }];
};

const isLayer = (layers: ImageContext['layers'], chainId: string): boolean =>
  layers.list().includes(chainId as Digest) && // compared only
  lstatSync(layers.diffDirectory(chainId as Digest), { throwIfNoEntry: false })?.isDirectory() === true;

/** No damage: what killed commands left, which the next removal or load takes away. */
const checkGarbage = ({ content, layers, index, imageUsers }: ImageContext): readonly Finding[] => {
  try {
    const reachable = reachableFrom(
      content,
      index.read().map(({ descriptor }) => descriptor),
    );
    const used = new Set(imageUsers().flatMap((user) => user.layers));
    const blobs = content.list().filter((digest) => !reachable.blobs.has(digest)).length;
    const unused = layers.list().filter((chainId) => !reachable.layers.has(chainId) && !used.has(chainId)).length;
    if (blobs + unused === 0) return [];
    const detail = `${String(blobs)} blobs and ${String(unused)} layers that no image leads to`;
    return [{ name: 'garbage', status: 'warning', detail, fix: 'sampan image prune -f' }];
  } catch (error) {
    // said already by the check of the index or of containers
    if (isSampanError(error, 'ERR_STORE_CORRUPT')) return [];
    throw error;
  }
};

const orFailure = <T>(name: string, fix: string, read: () => T): { readonly value: T } | Finding => {
  try {
    return { value: read() };
  } catch (error) {
    return { name, status: 'failed', detail: error instanceof Error ? error.message : String(error), fix };
  }
};
