// SPDX-License-Identifier: Apache-2.0
// The runtime config of one container: the OCI runtime specification's config.json (1.2) as far as it goes, and
// under `sampan` what the specification has no word for. Kept as config.json, turned into a plan at every start.

import type { Capability } from './capabilities.js';
import type { RestartRequest } from './create-request.js';
import type { ProbeConfig } from './health.js';

export interface ProcessConfig {
  readonly terminal: boolean;
  /** resolved in the image's passwd and group by the helper */
  readonly user: { readonly username: string; readonly additionalGroups: readonly string[] };
  readonly args: readonly string[];
  readonly env: readonly string[];
  readonly cwd: string;
  readonly capabilities: readonly Capability[];
  readonly rlimits: readonly RlimitConfig[];
  readonly noNewPrivileges: boolean;
  readonly oomScoreAdj?: number | undefined;
}

export interface RlimitConfig {
  /** RLIMIT_NOFILE ... */
  readonly type: string;
  /** absent is unlimited */
  readonly soft?: number | undefined;
  readonly hard?: number | undefined;
}

export interface MountConfig {
  readonly destination: string;
  /** bind, or a file system type */
  readonly type: string;
  readonly source: string;
  readonly options: readonly string[];
}

export interface IdMapping {
  readonly containerID: number;
  readonly hostID: number;
  readonly size: number;
}

export type NamespaceType = 'user' | 'mount' | 'pid' | 'uts' | 'ipc' | 'network' | 'cgroup';

export interface NamespaceConfig {
  readonly type: NamespaceType;
  /** that of another container, entered at the start (the specification's `path`) */
  readonly shared?: boolean;
}

/** Where the root file system comes from; `lower` is topmost first. */
export type RootConfig =
  | {
      readonly kind: 'overlay';
      readonly lower: readonly string[];
      readonly upper: string;
      readonly work: string;
      /** no syncs: for containers that are removed when they end */
      readonly volatile: boolean;
    }
  | {
      readonly kind: 'host';
      /** the writable directory that becomes / */
      readonly base: string;
      /** directories of the machine's root, each below a writable layer of its own */
      readonly directories: readonly { readonly source: string; readonly upper: string; readonly work: string }[];
      /** directories that the machine has mounts below: no overlay takes them (EINVAL), so they are read-only */
      readonly readonlyDirectories?: readonly string[];
      readonly volatile: boolean;
    };

export interface RuntimeConfig {
  readonly ociVersion: '1.2.0';
  readonly process: ProcessConfig;
  readonly root: { readonly path: string; readonly readonly: boolean };
  readonly hostname: string;
  readonly domainname?: string | undefined;
  readonly mounts: readonly MountConfig[];
  readonly linux: {
    readonly uidMappings: readonly IdMapping[];
    readonly gidMappings: readonly IdMapping[];
    readonly namespaces: readonly NamespaceConfig[];
    readonly sysctl: Readonly<Record<string, string>>;
    readonly maskedPaths: readonly string[];
    readonly readonlyPaths: readonly string[];
  };
  readonly annotations: Readonly<Record<string, string>>;
  readonly sampan: {
    readonly rootfs: RootConfig;
    /** run a small process 1 that reaps and forwards signals (--init) */
    readonly init: boolean;
    readonly openStdin: boolean;
    readonly stdinOnce: boolean;
    /** absent: the container is not started again */
    readonly restart?: RestartRequest | undefined;
    /** absent: the container is not probed */
    readonly probe?: ProbeConfig | undefined;
    readonly log?: { readonly maxSizeBytes: number; readonly maxFiles: number } | undefined;
  };
}
