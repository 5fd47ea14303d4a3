// SPDX-License-Identifier: Apache-2.0
// The file system of a container for a task of the helper: only inside the container's user namespace are the owners of
// its files what they are for it, and only there may they be read.
//
// How this works: of a running container the mount at / is copied alone, so that volumes, /proc and the generated files
// are not in it. Of one that does not run the same layers are mounted read-only, in namespaces that end with the task;
// the writable layer is the topmost of them, so that nothing in it is touched.

import { sampanError } from '../../errors/sampan-error.js';
import { CLONE_NEWNS, MS_REC, MS_SLAVE } from '../../native/constants.js';
import type { PlanOperation } from '../../native/protocol.js';
import { namespaceOperations } from '../../runtime/id-map.js';
import { namespaceFlags } from '../../runtime/plan.js';
import { openProcess, type ProcessHandle } from '../../runtime/process-handle.js';
import type { RootConfig, RuntimeConfig } from '../../spec/runtime-config.js';
import { readRuntimeConfig } from '../../store/container-records.js';
import type { ContainerContext } from './context.js';
import type { FoundContainer } from './find.js';
import { mapOf } from './start.js';
import { deriveStatus } from './status.js';

type OverlayRoot = Extract<RootConfig, { kind: 'overlay' }>;

/** A root for later operations. Descriptors are slots from `firstSlot`. */
export interface Tree extends Disposable {
  readonly operations: readonly PlanOperation[];
  readonly descriptors: readonly number[];
}

/** @throws ERR_STORE_CORRUPT */
export const configOfContainer = ({ files }: FoundContainer): RuntimeConfig => {
  const config = readRuntimeConfig(files);
  if (config === undefined) throw sampanError('ERR_STORE_CORRUPT', { subject: files.config });
  return config;
};

/** @throws ERR_NOT_SUPPORTED for a container of the built-in image */
export const overlayOf = ({ sampan: { rootfs } }: RuntimeConfig, what: string): OverlayRoot => {
  if (rootfs.kind === 'overlay') return rootfs;
  throw sampanError('ERR_NOT_SUPPORTED', {
    subject: `${what} of a container of the built-in image`,
    hint: "its root is the machine's own; 'sampan cp' takes files out of it",
  });
};

/** The process whose namespaces can be joined, while there is one. */
export const runningInit = (context: ContainerContext, { files }: FoundContainer): ProcessHandle | undefined => {
  const state = deriveStatus(files);
  return state.status === 'running' ? openProcess(context.native(), state.run.init) : undefined;
};

/** What the container sees at /, without what is mounted on it. @throws ERR_NOT_SUPPORTED */
export const openTree = (context: ContainerContext, found: FoundContainer, what: string, firstSlot: number): Tree => {
  const config = configOfContainer(found);
  const root = overlayOf(config, what);
  const init = runningInit(context, found);
  if (init === undefined) {
    return {
      operations: [...ownMounts(context, config), ...readOnlyRoot(found, [root.upper, ...root.lower])],
      descriptors: [],
      [Symbol.dispose]: () => undefined,
    };
  }
  const join = { op: 'join_namespaces', pidfd: firstSlot, flags: namespaceFlags(['user', 'mount']) } as const;
  return {
    operations: [join, { op: 'become_root' }, { op: 'root_uncovered' }],
    descriptors: [init.pidfd],
    [Symbol.dispose]: () => init[Symbol.dispose](),
  };
};

/** What lies below the container's writable layer. */
export const imageTree = (
  context: ContainerContext,
  found: FoundContainer,
  what: string,
): { readonly operations: readonly PlanOperation[]; readonly upper: string } => {
  const config = configOfContainer(found);
  const { upper, lower } = overlayOf(config, what);
  return { operations: [...ownMounts(context, config), ...readOnlyRoot(found, lower)], upper };
};

/** Namespaces with the container's ids, where mounts are nobody else's. */
export const ownMounts = (context: ContainerContext, config: RuntimeConfig): readonly PlanOperation[] => [
  ...namespaceOperations(mapOf(config, context.idMap()), BigInt(CLONE_NEWNS)),
  { op: 'become_root' },
  { op: 'mount_propagation', source: '/', flags: BigInt(MS_REC | MS_SLAVE) },
];

/** overlayfs wants two directories at least where nothing is written. */
const readOnlyRoot = ({ files: { rootfs } }: FoundContainer, lower: readonly string[]): readonly PlanOperation[] => {
  const [only, ...others] = lower;
  if (only === undefined) return [];
  if (others.length === 0) return [{ op: 'root_directory', source: only }];
  return [{ op: 'root_overlay', rootfs, lower, flags: 0 }];
};
