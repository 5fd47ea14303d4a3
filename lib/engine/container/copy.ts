// SPDX-License-Identifier: Apache-2.0
// `cp`: files between a container and the machine, or a tar stream.
//
// How this works: one task of the helper packs, another unpacks, with a pipe between them. The container's side works
// inside the container's root, where no symlink leads out; the machine's side as the user himself, in a user namespace
// of his one id (so that directories he may not write into are filled before they are closed). What comes from a
// container becomes the user's: without setuid bits and capabilities, which would lend his rights to others.

import { lstatSync, realpathSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { sampanError } from '../../errors/sampan-error.js';
import { HelperFailure } from '../../native/helper.js';
import type { PlanOperation } from '../../native/protocol.js';
import { runTask } from '../../native/task.js';
import { namespaceOperations } from '../../runtime/id-map.js';
import { feedTask, pipeTasks, streamSlot, streamTask, type StreamTask } from '../../runtime/stream-task.js';
import type { ContainerArchive, CopyInRequest, CopyOutRequest, FileCopyReport } from '../contract.js';
import type { ContainerContext } from './context.js';
import { copyError } from './copy-error.js';
import { copyPlace, meansContent, mustBeDirectory, type CopyPlace, type PathKind } from './copy-target.js';
import { openMountedTree, type MountedTree } from './mounted-tree.js';
import { packWarnings } from './pack-report.js';

const rootOwned = 1;
const nanoseconds = 2;
const follow = 4;
const otherOwner = 8;
const crossMounts = 16;
const ownersCannotBeSet = 1;

const firstSlot = streamSlot + 1;

/** @throws ERR_CONTAINER_NOT_FOUND, ERR_PATH_NOT_FOUND, ERR_COPY, ERR_NO_SPACE */
export const copyOut = async (
  context: ContainerContext,
  nameOrId: string,
  { path, target, followLink }: CopyOutRequest,
): Promise<FileCopyReport> => {
  using tree = await openMountedTree(context, nameOrId, firstSlot);
  const kind = await kindInside(context, tree, path, followLink);
  const place = copyPlace({
    source: { path, kind: existing(kind, `${nameOrId}:${path}`) },
    target: { path: target, kind: kindOnHost(target), parent: kindOnHost(dirname(resolve(target))) },
  });
  const flags = nanoseconds | otherOwner | crossMounts | (followLink ? follow : 0);
  const from = packTask(tree, { path, flags, name: place.name });
  const to: StreamTask = {
    title: 'sampan-copy',
    descriptors: [],
    operations: [
      ...asUser(0),
      { op: 'become_root' },
      { op: 'root_directory', source: place.directory },
      { op: 'unpack_into', input: streamSlot, path: '/', flags: ownersCannotBeSet },
    ],
  };
  return report(await reporting(pipeTasks(context.native(), from, to), { path, target }));
};

/** @throws as copyOut, while it is read too */
export const readArchive = async (
  context: ContainerContext,
  nameOrId: string,
  { path, followLink }: Pick<CopyOutRequest, 'path' | 'followLink'>,
): Promise<ContainerArchive> => {
  const tree = await openMountedTree(context, nameOrId, firstSlot);
  let warnings: readonly string[] = [];
  const close = (): Promise<void> => {
    tree[Symbol.dispose]();
    return Promise.resolve();
  };
  try {
    existing(await kindInside(context, tree, path, followLink), `${nameOrId}:${path}`);
  } catch (error) {
    await close();
    throw error;
  }
  const name = meansContent(path) ? '.' : (path.replace(/\/+$/, '').split('/').at(-1) ?? '.');
  const task = packTask(tree, { path, name, flags: crossMounts | (followLink ? follow : 0) });
  const chunks = streamTask(context.native(), task, (counts) => {
    warnings = packWarnings(counts);
  });
  const read = async function* (): AsyncGenerator<Uint8Array> {
    try {
      yield* chunks;
    } catch (error) {
      throw copyError(error, { path, target: '-' });
    }
  };
  return { chunks: read(), warnings: () => warnings, [Symbol.asyncDispose]: close };
};

/** @throws as copyOut */
export const copyIn = async (
  context: ContainerContext,
  nameOrId: string,
  { source, path, followLink, keepOwner }: CopyInRequest,
): Promise<FileCopyReport> => {
  using tree = await openMountedTree(context, nameOrId, firstSlot);
  refuseReadOnly(tree, path);
  const place = copyPlace({
    source: { path: source, kind: existing(kindOnHost(source, followLink), source) },
    target: {
      path,
      kind: await kindInside(context, tree, path, true),
      parent: await kindInside(context, tree, dirname(path.replace(/(.)\/+$/, '$1')), true),
    },
  });
  const flags = nanoseconds | (keepOwner ? 0 : rootOwned);
  // The helper resolves nothing outside of the directory that it is given.
  const whole = followLink || mustBeDirectory(source) ? realpathSync(source) : resolve(source);
  const from: StreamTask = {
    title: 'sampan-copy',
    descriptors: [],
    operations: [
      ...asUser(keepOwner ? (process.geteuid?.() ?? 0) : 0),
      ...packFromHost(whole, { flags, name: place.name }),
    ],
  };
  const to = unpackTask(tree, place);
  return report(await reporting(pipeTasks(context.native(), from, to), { path: source, target: path }));
};

/** The directory must exist. @throws as copyOut, and what the source throws */
export const writeArchive = async (
  context: ContainerContext,
  nameOrId: string,
  { source, path }: { readonly source: AsyncIterable<Uint8Array>; readonly path: string },
): Promise<FileCopyReport> => {
  using tree = await openMountedTree(context, nameOrId, firstSlot);
  refuseReadOnly(tree, path);
  if (existing(await kindInside(context, tree, path, true), `${nameOrId}:${path}`) !== 'directory')
    throw sampanError('ERR_COPY', { subject: `${path} is no directory`, hint: 'an archive is unpacked into one' });
  const { decompress } = await import('../../store/decompress.js');
  const { content } = await decompress(source, 'the archive');
  const counts = await reporting(feedTask(context.native(), content, unpackTask(tree, { directory: path })), {
    path: 'the archive',
    target: path,
  });
  return report([{}, counts]);
};

const packTask = (
  { operations, descriptors, found }: MountedTree,
  { path, flags, name }: { readonly path: string; readonly flags: number; readonly name: string | undefined },
): StreamTask => ({
  title: `sampan-copy ${found.record.name}`,
  descriptors,
  operations: [
    ...operations,
    { op: 'pack_tar', output: streamSlot, path, name, flags: mustBeDirectory(path) ? flags | follow : flags },
  ],
});

const unpackTask = ({ operations, descriptors, found, isSingle }: MountedTree, place: CopyPlace): StreamTask => ({
  title: `sampan-copy ${found.record.name}`,
  descriptors,
  operations: [
    ...operations,
    { op: 'unpack_into', input: streamSlot, path: place.directory, flags: isSingle ? ownersCannotBeSet : 0 },
  ],
});

const packFromHost = (
  path: string,
  { flags, name }: { readonly flags: number; readonly name: string | undefined },
): readonly PlanOperation[] => {
  const isDirectory = kindOnHost(path, false) === 'directory';
  const [root, inside] = isDirectory ? [path, '/'] : [dirname(path), `/${path.slice(dirname(path).length)}`];
  return [
    { op: 'root_directory', source: root },
    { op: 'pack_tar', output: streamSlot, path: inside, name, flags },
  ];
};

/** The user's one id, as `inside` in a namespace of his own. */
const asUser = (inside: number): readonly PlanOperation[] => {
  const gid = process.getegid?.() ?? 0;
  return namespaceOperations({
    mode: 'single',
    uids: [{ containerID: inside, hostID: process.geteuid?.() ?? 0, size: 1 }],
    gids: [{ containerID: inside === 0 ? 0 : gid, hostID: gid, size: 1 }],
  });
};

const kindOnHost = (path: string, followLink = true): PathKind => {
  const look = followLink || mustBeDirectory(path) ? statSync : lstatSync;
  const stat = look(resolve(path), { throwIfNoEntry: false });
  return stat === undefined ? 'missing' : stat.isDirectory() ? 'directory' : 'other';
};

const modeFormat = 0o170_000;
const modeDirectory = 0o040_000;

const kindInside = async (
  context: ContainerContext,
  tree: MountedTree,
  path: string,
  followLink: boolean,
): Promise<PathKind> => {
  const flags = followLink || mustBeDirectory(path) ? 1 : 0;
  // The slot of the stream is empty here.
  const descriptors = [...tree.descriptors, ...tree.descriptors];
  try {
    const { mode = 0 } = await runTask(context.native(), {
      title: `sampan-copy ${tree.found.record.name}`,
      descriptors,
      operations: [...tree.operations, { op: 'stat_path', path, flags }],
    });
    return (mode & modeFormat) === modeDirectory ? 'directory' : 'other';
  } catch (error) {
    if (isMissing(error)) return 'missing';
    throw copyError(error, { path, target: path });
  }
};

const isMissing = (error: unknown): boolean =>
  error instanceof HelperFailure && error.operation === 'stat_path' && ['ENOENT', 'ENOTDIR'].includes(error.code);

const existing = (kind: PathKind, what: string): Exclude<PathKind, 'missing'> => {
  if (kind !== 'missing') return kind;
  throw sampanError('ERR_PATH_NOT_FOUND', { subject: what });
};

/** A running container's kernel says it itself. */
const refuseReadOnly = ({ found: { record }, descriptors }: MountedTree, path: string): void => {
  if (!record.request.readOnlyRootfs || descriptors.length > 0) return;
  const isIn = (directory: string): boolean =>
    path === directory || path.startsWith(`${directory.replace(/\/+$/, '')}/`);
  if (record.request.mounts.some(({ target, readOnly }) => !readOnly && isIn(target))) return;
  throw sampanError('ERR_COPY', { subject: `the root file system of ${record.name} is read-only` });
};

const reporting = async <T>(work: Promise<T>, ends: { readonly path: string; readonly target: string }): Promise<T> => {
  try {
    return await work;
  } catch (error) {
    throw copyError(error, ends);
  }
};

/** Whatever is left out silently in a tree (a socket) is an error where it was asked for by name. */
const report = ([packed, unpacked]: readonly [
  Readonly<Record<string, number>>,
  Readonly<Record<string, number>>,
]): FileCopyReport => {
  const { bytes = 0, entries = 0, devicesSkipped = 0 } = unpacked;
  if (packed['socketsSkipped'] === 1 && entries === 0)
    throw sampanError('ERR_COPY', { subject: 'a socket cannot be copied' });
  const devices = devicesSkipped === 0 ? [] : [`${String(devicesSkipped)} devices left out`];
  return { bytes, warnings: [...packWarnings(packed), ...devices] };
};
