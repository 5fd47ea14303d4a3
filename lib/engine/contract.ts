// SPDX-License-Identifier: Apache-2.0
// The one engine contract. The command line, the library and (later) the HTTP API are translators in front of it and
// have no rules of their own. Plain data in, plain data out; failures are SampanError (lib/errors).

import type { Readable, Writable } from 'node:stream';
import type { CreateRequest, ExecRequest } from '../spec/create-request.js';
import type { ContainerPort, PublishedPort, PublishRequest } from '../spec/ports.js';
import type { ArchiveStream, ContainerFileService, ImageHistoryEntry, SaveOptions } from './archive-contract.js';
import type {
  ContainerPruneReport,
  ImagePruneReport,
  PruneFilters,
  RemovedImageLine,
  SystemPruneReport,
  UsageOf,
} from './disk-contract.js';
import type { NetworkService } from './network/contract.js';
import type { RegistryService } from './registry/contract.js';

export type * from './archive-contract.js';
export type * from './disk-contract.js';
export type * from './registry/contract.js';

/** Reports progress of long work, for people; never data. */
export type Notify = (message: string) => void;

export interface Engine extends AsyncDisposable {
  readonly containers: ContainerService;
  readonly images: ImageService;
  readonly registries: RegistryService;
  readonly networks: NetworkService;
  readonly system: SystemService;
}

// ---- containers ----------------------------------------------------------------------------------------------------

/** dead: its records are damaged or of another version, and all that can be done is to remove it */
export type ContainerStatus = 'created' | 'running' | 'restarting' | 'exited' | 'removing' | 'dead';

/** A port that is exposed, and one of the places on the host where it is published. */
export interface PortSummary extends ContainerPort {
  readonly hostAddress?: string;
  readonly hostPort?: number;
}

export interface ContainerSummary {
  readonly id: string;
  readonly name: string;
  readonly image: string;
  readonly imageId: string;
  /** entrypoint and command as one list */
  readonly command: readonly string[];
  readonly createdAt: string;
  readonly status: ContainerStatus;
  readonly startedAt?: string;
  readonly finishedAt?: string;
  readonly exitCode?: number;
  /** absent: there is no health check */
  readonly health?: 'starting' | 'healthy' | 'unhealthy';
  readonly labels: Readonly<Record<string, string>>;
  readonly mounts: readonly string[];
  readonly networks: readonly string[];
  /** of a running container: exposed ports, and where they are published */
  readonly ports: readonly PortSummary[];
  /** bytes of the writable layer; only when asked for */
  readonly sizeRwBytes?: number;
  readonly sizeRootFsBytes?: number;
}

export interface ListFilter {
  /** docker's filters: id, name, label, status, health, exited, ancestor, before, since, volume, network */
  readonly filters: Readonly<Record<string, readonly string[]>>;
  readonly all: boolean;
  /** -n; -1 is no limit */
  readonly last: number;
  readonly size: boolean;
}

/** Which streams a client wants, and the raw detach key bytes (empty: detaching by keys is off). */
export interface AttachOptions {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly detachKeys: Uint8Array;
}

export type SessionEnd =
  { readonly kind: 'exited'; readonly exitCode: number; readonly signal: number } | { readonly kind: 'detached' };

/** The client's end of an attached process (container or exec). Disposing it detaches. */
export interface AttachSession extends AsyncDisposable {
  readonly tty: boolean;
  /** what the process writes; with a tty everything arrives on stdout. Both end before `end` resolves. */
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** the process's stdin; end() is its EOF. Back-pressure is honoured. */
  readonly stdin: Writable;
  resize(columns: number, rows: number): void;
  signal(signal: number): void;
  readonly end: Promise<SessionEnd>;
}

export interface StartOptions {
  /** absent: detached */
  readonly attach?: AttachOptions;
  /** terminal size at start, when the container has a tty */
  readonly terminal?: { readonly columns: number; readonly rows: number };
}

export interface CreateOptions {
  /** of the pull that a missing image (or --pull always) begins with */
  readonly pull?: Pick<PullOptions, 'onEvent' | 'signal'>;
}

export interface LogOptions {
  readonly follow: boolean;
  /** last N lines; undefined is all */
  readonly tail: number | undefined;
  /** ISO 8601 instants */
  readonly since?: string;
  readonly until?: string;
}

export interface LogEntry {
  readonly stream: 'stdout' | 'stderr';
  /** RFC 3339 with nanoseconds, as in the file */
  readonly time: string;
  /** with its newline, when it had one */
  readonly text: string;
}

/** Processes of a container: cells below titles, as ps prints them. */
export interface ContainerTop {
  readonly titles: readonly string[];
  readonly processes: readonly (readonly string[])[];
}

export interface ContainerService extends ContainerFileService {
  create(
    request: CreateRequest,
    options?: CreateOptions,
  ): Promise<{ readonly id: string; readonly warnings: readonly string[] }>;
  /** The plan that start would execute, without doing anything: --dry-run=plan. */
  planOf(request: CreateRequest): Promise<string>;
  start(nameOrId: string, options: StartOptions): Promise<AttachSession | undefined>;
  /**
   * create + start under one lock. onCreated is told the id before anything can exit (for --cidfile, and for printing
   * it); a container whose start failed is removed again when autoRemove, else kept as created, like docker.
   */
  run(
    request: CreateRequest,
    options: StartOptions &
      CreateOptions & { readonly onCreated?: (id: string, warnings: readonly string[]) => Promise<void> },
  ): Promise<{ readonly id: string; readonly session: AttachSession | undefined }>;
  attach(nameOrId: string, options: AttachOptions): Promise<AttachSession>;
  exec(nameOrId: string, request: ExecRequest, options: StartOptions): Promise<AttachSession | undefined>;
  /** timeoutSeconds undefined: the container's own (10); -1 waits for ever */
  stop(nameOrId: string, options: { readonly timeoutSeconds?: number; readonly signal?: string }): Promise<void>;
  kill(nameOrId: string, options: { readonly signal: string }): Promise<void>;
  restart(nameOrId: string, options: { readonly timeoutSeconds?: number; readonly signal?: string }): Promise<void>;
  /** resolves with the exit code once the container is not running */
  wait(nameOrId: string): Promise<number>;
  /** what ps(1) of the host says of the container's processes; pids are the host's */
  top(nameOrId: string, psOptions: readonly string[]): Promise<ContainerTop>;
  /** where the ports of a running container are published */
  ports(nameOrId: string): Promise<readonly PublishedPort[]>;
  /** publishes more ports, for good; resolves with where those of a running container are reached */
  publish(nameOrId: string, ports: readonly PublishRequest[]): Promise<readonly PublishedPort[]>;
  /** the contrary, for good; what a request leaves out matches every place */
  withdraw(nameOrId: string, ports: readonly PublishRequest[]): Promise<void>;
  /** Ends the process when `force`. Removing what autoRemove removes already is no error. */
  remove(nameOrId: string, options: { readonly force: boolean }): Promise<{ readonly id: string }>;
  /** the clean-up command of the monitor: removes an autoRemove container that has exited */
  cleanUp(id: string): Promise<void>;
  list(filter: ListFilter): Promise<readonly ContainerSummary[]>;
  /** docker's `inspect` object */
  inspect(nameOrId: string, options: { readonly size: boolean }): Promise<Readonly<Record<string, unknown>>>;
  logs(nameOrId: string, options: LogOptions): AsyncIterable<LogEntry>;
  /** removes every container that is not running and matches */
  prune(options: { readonly filters: PruneFilters }): Promise<ContainerPruneReport>;
}

// ---- images --------------------------------------------------------------------------------------------------------

export interface ImageSummary {
  /** `sha256:<hex>`: the config digest */
  readonly id: string;
  /** `registry/repository` in familiar form, `<none>` when untagged */
  readonly repository: string;
  readonly tag: string;
  /** manifest digest */
  readonly digest: string;
  readonly createdAt: string;
  readonly sizeBytes: number;
  readonly labels: Readonly<Record<string, string>>;
}

/** One platform of an image. */
export interface PlatformLeaf {
  readonly platform: string;
  /** of its manifest */
  readonly digest: string;
  /** false: the index names it, and nobody has pulled it */
  readonly available: boolean;
  /** containers were made from it */
  readonly used: boolean;
  /** of its blobs */
  readonly contentBytes: number;
  /** of its blobs and unpacked layers */
  readonly diskBytes: number;
}

export interface ImageTree extends Pick<PlatformLeaf, 'used' | 'contentBytes' | 'diskBytes'> {
  readonly id: string;
  readonly names: readonly string[];
  readonly platforms: readonly PlatformLeaf[];
}

export interface ImageListOptions {
  readonly all: boolean;
  readonly filters: Readonly<Record<string, readonly string[]>>;
  readonly reference?: string;
}

export interface ImportRequest {
  /** tar of a root file system, plain or compressed */
  readonly source: Readable;
  readonly reference?: string;
  /** Dockerfile instructions: CMD, ENTRYPOINT, ENV, EXPOSE, LABEL, STOPSIGNAL, USER, VOLUME, WORKDIR, ONBUILD, HEALTHCHECK */
  readonly changes: readonly string[];
  readonly message?: string;
  readonly platform?: string;
}

/** What happens while an image is pulled or pushed, as data; the command line draws it. */
export type TransferEvent =
  /** it is not there, so it is pulled */
  | { readonly kind: 'missing'; readonly reference: string }
  | { readonly kind: 'pulling'; readonly reference: string }
  | { readonly kind: 'pushing'; readonly reference: string }
  /** another command is pulling the same image */
  | { readonly kind: 'waiting'; readonly reference: string }
  | {
      readonly kind: 'layer';
      readonly digest: string;
      readonly status: 'waiting' | 'exists' | 'mounted' | 'transferring' | 'retrying' | 'done';
      /** transferred so far */
      readonly bytes: number;
      readonly sizeBytes: number;
      /** mounted: the repository that had it */
      readonly from?: string;
    }
  | { readonly kind: 'pulled'; readonly image: PulledImage }
  | { readonly kind: 'pushed'; readonly image: PushedImage };

export type OnTransfer = (event: TransferEvent) => void;

export interface PulledImage {
  /** in full, as it is kept */
  readonly reference: string;
  /** what the registry calls it: of an index, or of a manifest */
  readonly digest: string;
  readonly id: string;
  /** false: everything was there already */
  readonly isNew: boolean;
}

export interface PullOptions {
  /** os/arch[/variant]; absent: this machine's */
  readonly platform?: string;
  readonly allTags?: boolean;
  readonly onEvent?: OnTransfer;
  /** ends the pull; what has come stays for the next one */
  readonly signal?: AbortSignal;
}

export interface PullReport {
  /** in full; of all tags, the repository */
  readonly reference: string;
  readonly images: readonly PulledImage[];
}

export interface PushedImage {
  readonly reference: string;
  readonly digest: string;
  /** of the manifest or index */
  readonly sizeBytes: number;
}

export interface PushOptions {
  readonly allTags?: boolean;
  readonly onEvent?: OnTransfer;
  readonly signal?: AbortSignal;
}

export interface PushReport {
  /** in full; of all tags, the repository */
  readonly reference: string;
  readonly images: readonly PushedImage[];
}

export interface ImageService {
  pull(name: string, options: PullOptions): Promise<PullReport>;
  push(name: string, options: PushOptions): Promise<PushReport>;
  /** Nothing is written before every name is found. */
  save(names: readonly string[], options: SaveOptions): Promise<ArchiveStream>;
  /** newest step first */
  history(nameOrId: string, options: { readonly platform?: string }): Promise<readonly ImageHistoryEntry[]>;
  /** docker-archive or OCI archive, plain or compressed. Returns what `load` prints: references, or ids of untagged images. */
  load(
    source: Readable,
    options: { readonly notify: Notify },
  ): Promise<readonly { readonly reference?: string; readonly id: string }[]>;
  import(request: ImportRequest): Promise<{ readonly id: string }>;
  list(options: ImageListOptions): Promise<readonly ImageSummary[]>;
  /** the same images, each once, with their platforms */
  tree(options: ImageListOptions): Promise<readonly ImageTree[]>;
  tag(source: string, target: string): Promise<void>;
  /** what docker prints: Untagged: and Deleted: lines */
  remove(
    nameOrId: string,
    options: { readonly force: boolean; readonly prune: boolean },
  ): Promise<readonly RemovedImageLine[]>;
  /** docker's `image inspect` object */
  inspect(nameOrId: string): Promise<Readonly<Record<string, unknown>>>;
  /**
   * Removes the images without a name, with `all` every image that no container was made from, and what killed commands
   * left in the store.
   */
  prune(options: { readonly all: boolean; readonly filters: PruneFilters }): Promise<ImagePruneReport>;
}

// ---- system --------------------------------------------------------------------------------------------------------

export interface CheckResult {
  /** short stable word: userns, mount-in-userns, overlay, subids, tun, cgroup ... */
  readonly name: string;
  readonly status: 'ok' | 'warning' | 'failed';
  /** what was found */
  readonly detail: string;
  /** the exact command that fixes it; absent when ok */
  readonly fix?: string;
}

export interface ImageUsage extends ImageSummary {
  /** on disk: blobs and unpacked layers */
  readonly sizeBytes: number;
  /** of it, what other images have too */
  readonly sharedBytes: number;
  readonly uniqueBytes: number;
  /** how many containers were made from it */
  readonly containers: number;
}

/** The sizes of the kinds add up to what du(1) says of the data root. */
export interface DiskUsage {
  readonly images: UsageOf<ImageUsage>;
  /** sizeRwBytes of each is its whole directory: the writable layer, logs, settings */
  readonly containers: UsageOf<ContainerSummary>;
}

export interface SystemService {
  diskUsage(): Promise<DiskUsage>;
  prune(options: { readonly all: boolean; readonly filters: PruneFilters }): Promise<SystemPruneReport>;
  /** docker's `info` object, with our own facts beside */
  info(): Promise<Readonly<Record<string, unknown>>>;
  version(): Promise<Readonly<Record<string, unknown>>>;
  check(): Promise<readonly CheckResult[]>;
  /** images, layers and containers against what is on disk; with `repair` what is damaged is removed first */
  checkStore(options: { readonly repair: boolean }): Promise<readonly CheckResult[]>;
  /** Raw mode for the terminal behind a descriptor, both directions; disposing it restores the mode from before. */
  rawTerminal(fd: number): Disposable;
}
