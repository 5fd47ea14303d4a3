// SPDX-License-Identifier: Apache-2.0
// What a caller asks for when a container is created: the one input of engine.containers.create(), made by the command
// line's option table and by the library. Absent means "as the image or the engine's default says".

import type { NetworkRequest } from './network-mode.js';
import type { ContainerPort, PublishRequest } from './ports.js';

import type { Healthcheck } from '../util/healthcheck.js';

/** A bind, tmpfs (or later volume) mount as asked for by -v, --mount or --tmpfs. Paths are absolute. */
export type MountRequest =
  | {
      readonly type: 'bind';
      readonly source: string;
      readonly target: string;
      readonly readOnly: boolean;
      /** bind only this mount, not the ones below it (`bind-nonrecursive`) */
      readonly nonRecursive?: boolean;
      readonly propagation?: 'private' | 'rprivate' | 'slave' | 'rslave' | 'shared' | 'rshared';
      /** -v creates a missing host directory as docker does, --mount reports it */
      readonly createSource: boolean;
    }
  | {
      readonly type: 'tmpfs';
      readonly target: string;
      /** size=, mode=, uid=, ... as given to --tmpfs; size and mode of --mount type=tmpfs translated to the same */
      readonly options: readonly string[];
      readonly readOnly: boolean;
    };

export interface UlimitRequest {
  /** name without RLIMIT_, lower case: nofile, nproc, core ... */
  readonly name: string;
  /** undefined is unlimited */
  readonly soft: number | undefined;
  readonly hard: number | undefined;
}

export interface AddedHost {
  readonly name: string;
  /** an IP address or `host-gateway` */
  readonly address: string;
}

/** Log settings: driver json-file with max-size and max-file, or none. */
export interface LogRequest {
  readonly driver: 'json-file' | 'none';
  /** 0 is unlimited */
  readonly maxSizeBytes: number;
  readonly maxFiles: number;
}

/** When the monitor starts the container again by itself. */
export interface RestartRequest {
  readonly policy: 'always' | 'unless-stopped' | 'on-failure';
  /** of on-failure; 0 is no limit */
  readonly maximumRetryCount: number;
}

export interface CreateRequest {
  readonly image: string;
  readonly platform?: string;
  readonly pull: 'always' | 'missing' | 'never';
  /** absent: generated (adjective_surname) */
  readonly name?: string;
  /** arguments after the image; empty: the image's CMD */
  readonly command: readonly string[];
  /** absent: the image's ENTRYPOINT; [] (from --entrypoint '') resets it, and the image's CMD with it */
  readonly entrypoint?: readonly string[];
  /** in order; KEY=VALUE, already expanded from --env-file and from `-e NAME` of the caller's environment */
  readonly env: readonly string[];
  readonly workingDir?: string;
  readonly user?: string;
  readonly groupAdd: readonly string[];
  readonly hostname?: string;
  readonly domainname?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly mounts: readonly MountRequest[];
  readonly readOnlyRootfs: boolean;
  /** in order, the first decides the mode (`none`, `host`, `container:X` stand alone); empty: the engine's default */
  readonly networks: readonly NetworkRequest[];
  /** --expose */
  readonly exposedPorts: readonly ContainerPort[];
  /** -p */
  readonly publish: readonly PublishRequest[];
  /** -P */
  readonly publishAll: boolean;
  readonly addedHosts: readonly AddedHost[];
  readonly dns: readonly string[];
  readonly dnsSearch: readonly string[];
  readonly dnsOptions: readonly string[];
  readonly init: boolean;
  readonly tty: boolean;
  /** -i: stdin stays open even when nothing is attached */
  readonly openStdin: boolean;
  /** stdin closes when the first attached client ends it (foreground run -i) */
  readonly stdinOnce: boolean;
  readonly autoRemove: boolean;
  /** absent: never */
  readonly restart?: RestartRequest;
  /** absent: the image's; test NONE: none */
  readonly health?: Healthcheck;
  readonly privileged: boolean;
  readonly capAdd: readonly string[];
  readonly capDrop: readonly string[];
  readonly securityOptions: readonly string[];
  /** e.g. SIGTERM, 15; absent: the image's STOPSIGNAL, else SIGTERM */
  readonly stopSignal?: string;
  readonly stopTimeoutSeconds?: number;
  readonly shmSizeBytes: number;
  readonly ulimits: readonly UlimitRequest[];
  readonly sysctls: Readonly<Record<string, string>>;
  readonly oomScoreAdj?: number;
  readonly log: LogRequest;
}

/** `sampan exec`: another process in a running container. */
export interface ExecRequest {
  readonly command: readonly string[];
  readonly env: readonly string[];
  readonly workingDir?: string;
  readonly user?: string;
  readonly tty: boolean;
  readonly openStdin: boolean;
  readonly privileged: boolean;
}
