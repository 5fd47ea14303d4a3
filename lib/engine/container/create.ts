// SPDX-License-Identifier: Apache-2.0
// Creating a container: everything is decided and written here, nothing runs yet.
//
// How this works: the container's directory is made in scratch space with its lock held and its record inside, then
// its name is claimed and the directory renamed into place, both under the names lock. Killed at any point, what is
// left is a scratch directory of a dead owner or a name without a container; both are free for the next command.

import { chmodSync, mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { hostname as hostHostname } from 'node:os';
import { join } from 'node:path';
import { sampanError } from '../../errors/sampan-error.js';
import { buildConfig } from '../../runtime/config.js';
import { thermalThrottlePaths } from '../../runtime/thermal-throttle.js';
import { isCgroupV2 } from '../../runtime/cgroup.js';
import { rootOf, type IdMap } from '../../runtime/id-map.js';
import { recordSchema } from '../../native/protocol.js';
import { mergePorts, type PublishRequest } from '../../spec/ports.js';
import type { CreateRequest } from '../../spec/create-request.js';
import { healthcheckWarning, probeOf } from '../../spec/health.js';
import { mergeProcess, type MergedProcess } from '../../spec/merge.js';
import { networkKind } from '../../spec/network-mode.js';
import type { RootConfig, RuntimeConfig } from '../../spec/runtime-config.js';
import { removeIfThere, syncDirectory, writeJsonAtomic } from '../../store/atomic.js';
import {
  containerFiles,
  filesOf,
  readRuntimeConfig,
  writeContainerRecord,
  type ContainerFiles,
  type ContainerRecord,
} from '../../store/container-records.js';
import { writeEndpoints, type EndpointRecord } from '../../store/container-networks.js';
import { makeOwnedDirectory, type Owner } from '../../store/owned-directory.js';
import { makeScratch } from '../../store/scratch.js';
import { randomHex } from '../../util/random.js';
import { parseSignal } from '../../util/signals.js';
import type { CreateOptions } from '../contract.js';
import type { ContainerContext, ResolvedImage } from './context.js';
import { buildEtcFiles } from './etc-files.js';
import { hasName, idOfName, type FoundContainer, type LockedContainer } from './find.js';
import { holdImage } from './hold-image.js';
import { hostRoot, hostRootWarnings, makeHostRoot } from './host-rootfs.js';
import { checkName, generateName } from './names.js';
import { checkMounts } from './check-mounts.js';
import { readHostFile } from './read-host-file.js';
import { resolveNetworks, type ResolvedNetworks } from './resolve-networks.js';

export interface Created extends LockedContainer {
  readonly warnings: readonly string[];
}

/** Creates and keeps the lock: the caller lets it go, or starts the container under it. */
export const createContainer = async (
  context: ContainerContext,
  request: CreateRequest,
  { madeByRun, ...options }: CreateOptions & { readonly madeByRun: boolean },
): Promise<Created> => {
  const { paths, locks } = context;
  const given = request.name === undefined ? undefined : checkName(request.name);
  // An early answer for the common mistake; the claim below is what counts.
  if (given !== undefined) refuseTaken(context, given);
  const network = await resolveNetworks(context, request);
  using held = await holdImage(context, request, options);
  const { image } = held;
  const id = randomHex(32);
  const scratch = makeScratch(paths);
  const lock = locks.create(scratch);
  try {
    const decided = decide(context, { request, image, id, scratch, network });
    const durable = !request.autoRemove;
    writeContainerFiles(decided, durable);
    const name = await putInPlace(context, decided, { given, madeByRun, durable });
    const files = filesOf(paths, id);
    const record = { ...decided.record, name, madeByRun };
    return {
      id,
      files,
      record,
      lock: { path: join(files.directory, 'lock'), [Symbol.dispose]: () => lock[Symbol.dispose]() },
      warnings: decided.warnings,
    };
  } catch (error) {
    lock[Symbol.dispose]();
    await context.removeTree(scratch);
    throw error;
  }
};

/** The runtime config a request would get, without writing anything: --dry-run=plan. */
export const configOf = async (context: ContainerContext, request: CreateRequest): Promise<RuntimeConfig> => {
  const image = await context.resolveImage(request.image, { platform: request.platform });
  const network = await resolveNetworks(context, request);
  return decide(context, { request, image, id: '0'.repeat(64), scratch: undefined, network }).config;
};

interface DecideInput {
  readonly request: CreateRequest;
  readonly image: ResolvedImage;
  readonly id: string;
  /** undefined: nothing is written */
  readonly scratch: string | undefined;
  readonly network: ResolvedNetworks;
}

interface Decided {
  readonly scratchFiles: ContainerFiles;
  readonly record: Omit<ContainerRecord, 'name' | 'madeByRun'>;
  readonly config: RuntimeConfig;
  readonly etc: Readonly<Record<'hostname' | 'hosts' | 'resolv.conf', string>>;
  readonly endpoints: readonly EndpointRecord[];
  readonly warnings: readonly string[];
}

const decide = (context: ContainerContext, input: DecideInput): Decided => {
  const { request, image, id, scratch, network: networks } = input;
  checkRestart(request);
  const { mode, shared } = networks;
  const network = networkKind(mode);
  // Who shares the network of another container lives in his user namespace.
  const idMap = shared === undefined ? context.idMap() : { ...context.idMap(), ...idsOf(shared) };
  const hostname = request.hostname ?? ownHostname(networks, id);
  const process = mergeProcess(request, image.defaults, hostname);
  parseSignal(process.stopSignal);
  checkMounts(request.mounts, { create: scratch !== undefined });
  const target = filesOf(context.paths, id);
  const scratchFiles = containerFiles(scratch ?? target.directory, id);
  const owner = rootOf(idMap);
  if (scratch !== undefined) makeRootDirectories(image, scratchFiles, owner);
  const rootfs = rootOfImage(image, target, request);
  const etcPath = (name: string): string => join(target.directory, name);
  const sharedPath = (name: string): string => join((shared?.files ?? target).directory, name);
  const config = buildConfig({
    request,
    process,
    probe: probeOf(process.healthcheck, image.defaults.shell),
    idMap,
    network,
    hostname,
    rootfsPath: target.rootfs,
    rootfs,
    etcFiles: { hostname: etcPath('hostname'), hosts: sharedPath('hosts'), 'resolv.conf': sharedPath('resolv.conf') },
    cgroupV2: isCgroupV2(),
    hostMasks: thermalThrottlePaths(),
  });
  const etc = buildEtcFiles({
    request,
    network,
    hostname,
    hostHosts: readHostFile('/etc/hosts') ?? '',
    hostResolvConf: readHostFile('/etc/resolv.conf') ?? '',
  });
  const record = {
    schema: recordSchema,
    id,
    createdAt: new Date().toISOString(),
    imageId: image.id,
    imageName: request.image,
    layers: image.source.kind === 'layers' ? image.source.chainIds : [],
    request,
    process,
    hostname,
    network: mode,
    ports: mergePorts({ ...request, exposed: request.exposedPorts, ofImage: image.defaults.exposedPorts ?? [] }),
    idMode: idMap.mode,
  };
  const warnings =
    scratch === undefined ? [] : warningsOf(context, { process, networks, publish: record.ports.publish, rootfs });
  return { scratchFiles, record, config, etc, endpoints: networks.endpoints, warnings };
};

const checkRestart = ({ restart, autoRemove }: CreateRequest): void => {
  if (restart === undefined || !autoRemove) return;
  throw sampanError('ERR_INVALID_VALUE', {
    subject: `restart policy ${restart.policy} of a container that is removed when it ends`,
    hint: 'leave out one of the two',
  });
};

const ownHostname = ({ mode, shared }: ResolvedNetworks, id: string): string => {
  if (shared !== undefined) return shared.record.hostname;
  return mode === 'host' ? hostHostname() : id.slice(0, 12);
};

const idsOf = ({ files }: FoundContainer): Pick<IdMap, 'uids' | 'gids'> => {
  const config = readRuntimeConfig(files);
  if (config === undefined) throw sampanError('ERR_STORE_CORRUPT', { subject: files.config });
  return { uids: config.linux.uidMappings, gids: config.linux.gidMappings };
};

interface WarningsInput {
  readonly process: MergedProcess;
  readonly networks: ResolvedNetworks;
  readonly publish: readonly PublishRequest[];
  readonly rootfs: RootConfig;
}

const warningsOf = ({ idMap }: ContainerContext, input: WarningsInput): readonly string[] => {
  const { mode, reason } = idMap();
  const ids =
    mode === 'single'
      ? [
          `only one user id is available inside (${reason?.text ?? 'no sub-ids'}); 'sampan system check' tells how to get more`,
        ]
      : [];
  const health = healthcheckWarning(input.process.healthcheck);
  return [
    ...ids,
    ...(health === undefined ? [] : [health]),
    ...networkWarnings(input),
    ...hostRootWarnings(input.rootfs),
  ];
};

const networkWarnings = ({ networks: { mode, isEnclosed }, publish }: WarningsInput): readonly string[] => {
  if (publish.length === 0) return [];
  if (networkKind(mode) !== 'bridge') return [`published ports are discarded when using ${mode} network mode`];
  return isEnclosed ? ['no port is published as long as the container is on internal networks only'] : [];
};

// ---- root file system ----------------------------------------------------------------------------------------------

const rootOfImage = (image: ResolvedImage, target: ContainerFiles, request: CreateRequest): RootConfig =>
  image.source.kind === 'host'
    ? hostRoot(target, request.autoRemove)
    : {
        kind: 'overlay',
        lower: image.source.directories,
        upper: target.upper,
        work: target.work,
        volatile: request.autoRemove,
      };

const makeRootDirectories = (image: ResolvedImage, files: ContainerFiles, owner: Owner): void => {
  mkdirSync(files.rootfs);
  if (image.source.kind === 'host') makeHostRoot(files, owner);
  else for (const directory of [files.upper, files.work]) makeOwnedDirectory(directory, 0o755, owner);
};

// ---- writing -------------------------------------------------------------------------------------------------------

const writeContainerFiles = ({ scratchFiles, config, etc, endpoints }: Decided, durable: boolean): void => {
  if (endpoints.length > 0) writeEndpoints(scratchFiles, endpoints, { durable });
  for (const [name, content] of Object.entries(etc)) {
    const path = join(scratchFiles.directory, name);
    writeFileSync(path, content);
    // bound into the container, where every user reads them
    chmodSync(path, 0o644);
  }
  writeJsonAtomic(scratchFiles.config, config, { durable });
};

const putInPlace = async (
  context: ContainerContext,
  { scratchFiles, record }: Decided,
  options: { readonly given: string | undefined; readonly madeByRun: boolean; readonly durable: boolean },
): Promise<string> => {
  const { paths, locks } = context;
  using _names = await locks.names();
  const name = options.given ?? freeName(context);
  refuseTaken(context, name);
  writeContainerRecord(scratchFiles, { ...record, name, madeByRun: options.madeByRun });
  // A name that points to no container is what a killed command left.
  removeIfThere(join(paths.names, name));
  symlinkSync(record.id, join(paths.names, name));
  renameSync(scratchFiles.directory, filesOf(paths, record.id).directory);
  if (options.durable) for (const directory of [paths.names, paths.containers]) syncDirectory(directory);
  return name;
};

/** A name is taken by the container whose record has it. @throws ERR_CONTAINER_NAME_TAKEN */
export const refuseTaken = ({ paths }: ContainerContext, name: string): void => {
  const id = idOfName(paths, name);
  if (id === undefined || !hasName(paths, id, name)) return;
  throw sampanError('ERR_CONTAINER_NAME_TAKEN', {
    subject: name,
    hint: `by container ${id.slice(0, 12)}: remove it with 'sampan rm ${name}', or choose another name`,
  });
};

const freeName = (context: ContainerContext): string => {
  for (let attempt = 0; attempt < 100; attempt++) {
    const name = generateName();
    if (idOfName(context.paths, name) === undefined) return name;
  }
  return `${generateName()}_${randomHex(4)}`;
};
