// SPDX-License-Identifier: Apache-2.0
// The composition root: the one place that makes the engine's parts and hands them to each other.

import { homedir } from 'node:os';
import { join } from 'node:path';
import { loadNative } from '../native/load.js';
import { readSettings } from '../options/settings.js';
import { configHome } from '../registry/environment.js';
import { readIdMap, rootOf } from '../runtime/id-map.js';
import { treeRemover } from '../runtime/tasks.js';
import { measureTrees, type MeasureTrees } from '../runtime/tree-usage.js';
import { openLocks } from '../store/locks.js';
import { openPaths, type Paths } from '../store/paths.js';
import { removeOwn } from '../store/remove-own.js';
import type { ContainerContext } from './container/context.js';
import { reconcile } from './container/reconcile.js';
import { isReadable, seeContainers, seenRunning } from './container/see.js';
import { openContainerService } from './container/service.js';
import type { Engine } from './contract.js';
import type { ImageUser } from './image/context.js';
import { openImageService } from './image/service.js';
import { openRegistryDoor, type EngineDebug } from './registry-access.js';
import { openRegistryService } from './registry/service.js';
import { openNetworkService } from './network/service.js';
import { openSystemService } from './system/service.js';

export interface EngineOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** argv that starts the command line again: [node, path of the bundle] */
  readonly selfCommand: readonly string[];
  readonly debug?: EngineDebug;
  /** tells people of what they did not ask for, such as images that were removed to keep within the limit */
  readonly notice?: (message: string) => Promise<void>;
}

/** Opens the engine of the user who runs this process, and recovers what killed commands left behind. */
export const openEngine = async (options: EngineOptions): Promise<Engine> => {
  const uid = process.geteuid?.() ?? -1;
  const native = once(loadNative);
  const idMap = once(readIdMap);
  const home = options.env['HOME'] ?? homedir();
  // For a user it is his own group: no need to read the sub-ids for commands that start nothing.
  const containerGid = uid === 0 ? rootOf(idMap()).gid : (process.getegid?.() ?? -1);
  const isHostRoot = uid === 0 && idMap().mode === 'root';
  const paths = openPaths({ env: options.env, uid, home, containerGid, isHostRoot });
  const locks = openLocks(paths, native);
  const removeTree = treeRemover(native, idMap, removeOwn);
  const measure: MeasureTrees = (directories) => measureTrees(native(), idMap(), directories);
  const registries = openRegistryDoor({ env: options.env, home, uid, locks, debug: options.debug });
  const images = openImageService({
    ...{ paths, locks, native, idMap, removeTree, measureTrees: measure },
    imageUsers: () => imageUsers(paths),
    maxStoreBytes: () =>
      readSettings(join(configHome({ env: options.env, home, uid }), 'sampan/config.json')).maxStoreBytes,
    notice: options.notice ?? (() => Promise.resolve()),
    openRegistries: () => registries.open(),
  });
  const context: ContainerContext = {
    paths,
    locks,
    native,
    idMap,
    removeTree,
    measureTrees: measure,
    treeUsage: async (directory) => (await measure([directory]))[0]?.bytes ?? 0,
    layerSize: (chainId) => images.layerSize(chainId),
    resolveImage: (name, imageOptions) => images.resolve(name, imageOptions),
    commitImage: (image) => images.commit(image),
    obtainImage: (name, pullOptions) => images.obtain(name, pullOptions),
    selfCommand: options.selfCommand,
    env: options.env,
  };
  await reconcile(context);
  const containers = openContainerService(context);
  const networks = openNetworkService(context);
  return {
    containers,
    images: images.service,
    registries: openRegistryService({ paths, locks, removeTree, openRegistries: () => registries.open() }),
    system: openSystemService({
      ...{ paths, native, idMap, removeTree, env: options.env, containers, networks, measureTrees: measure },
      images: images.service,
      checkStore: (checkOptions) => images.checkStore(checkOptions),
      usageOfImages: (layerBytes) => images.usage(layerBytes),
    }),
    networks,
    [Symbol.asyncDispose]: () => registries[Symbol.asyncDispose](),
  };
};

/** Every container, as the removal of images needs to know it. */
const imageUsers = (paths: Paths): readonly ImageUser[] =>
  seeContainers(paths).map((seen) => {
    const { name = seen.id.slice(0, 12), imageId = '', layers } = isReadable(seen) ? seen.record : seen.remains;
    return { name, imageId, layers, running: seenRunning(seen) };
  });

/** Loaded at the first use, and once: `version` and `images` must not need the addon. */
const once = <T>(make: () => T): (() => T) => {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
};
