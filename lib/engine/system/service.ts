// SPDX-License-Identifier: Apache-2.0
// The system part of the engine contract: info, version, check.

import { readFileSync } from 'node:fs';
import { arch, cpus, hostname, release, totalmem } from 'node:os';
import { hasErrno } from '../../errors/sampan-error.js';
import { findDelegatedCgroup, isCgroupV2 } from '../../runtime/cgroup.js';
import type { IdMap } from '../../runtime/id-map.js';
import type { Native } from '../../native/native.js';
import type { ImageService, SystemService } from '../contract.js';
import { seeContainers, seenRunning } from '../container/see.js';
import { checkSystem, type CheckContext } from './check.js';
import { decompressionWarnings, findDecompression } from './decompression.js';
import type { UsageContext } from './disk-usage.js';
import type { PruneContext } from './prune.js';
import { productVersion } from './version.js';

export interface SystemContext extends CheckContext, UsageContext, PruneContext {
  readonly images: Pick<ImageService, 'list' | 'prune'>;
  readonly checkStore: SystemService['checkStore'];
}

export const openSystemService = (context: SystemContext): SystemService => ({
  info: () => info(context),
  version: () => Promise.resolve(versionObject()),
  check: () => checkSystem(context),
  checkStore: (options) => context.checkStore(options),
  diskUsage: async () => {
    const { diskUsage } = await import('./disk-usage.js');
    return diskUsage(context);
  },
  prune: async (options) => {
    const { pruneSystem } = await import('./prune.js');
    return pruneSystem(context, options);
  },
  rawTerminal: (fd) => rawTerminal(context.native(), fd),
});

const rawTerminal = (native: Native, fd: number): Disposable => {
  const saved = native.terminalRaw(fd);
  return { [Symbol.dispose]: () => native.terminalRestore(fd, saved) };
};

/** docker's architecture names (GOARCH) for Node's. */
const architectures: Readonly<Record<string, string>> = {
  x64: 'amd64',
  arm64: 'arm64',
  arm: 'arm',
  ppc64: 'ppc64le',
  s390x: 's390x',
  riscv64: 'riscv64',
};

/** The API version whose objects inspect and info follow. */
const apiVersion = '1.47';

const versionObject = (): Readonly<Record<string, unknown>> => {
  const common = {
    Version: productVersion,
    ApiVersion: apiVersion,
    Os: 'linux',
    Arch: architectures[arch()] ?? arch(),
  };
  return {
    Client: { ...common, DefaultAPIVersion: apiVersion, Context: 'default', NodeVersion: process.version },
    // There is no daemon: the engine is the same program.
    Server: { ...common, MinAPIVersion: '1.40', KernelVersion: release(), Platform: { Name: 'sampan' } },
  };
};

const info = async (context: SystemContext): Promise<Readonly<Record<string, unknown>>> => {
  const containers = seeContainers(context.paths);
  const running = containers.filter(seenRunning).length;
  const idMap = context.idMap();
  const images = await context.images.list({ all: true, filters: {} });
  const decompression = findDecompression(context.native);
  return {
    ID: hostname(),
    Name: hostname(),
    ServerVersion: productVersion,
    OperatingSystem: operatingSystem(),
    OSType: 'linux',
    Architecture: machineOf(arch()),
    KernelVersion: release(),
    NCPU: cpus().length,
    MemTotal: totalmem(),
    Containers: containers.length,
    ContainersRunning: running,
    ContainersPaused: 0,
    ContainersStopped: containers.length - running,
    Images: new Set(images.map(({ id }) => id)).size,
    Driver: 'overlay',
    LoggingDriver: 'json-file',
    CgroupDriver: findDelegatedCgroup() === undefined ? 'none' : 'cgroupfs',
    CgroupVersion: isCgroupV2() ? '2' : '1',
    DockerRootDir: context.paths.dataRoot,
    IndexServerAddress: 'https://index.docker.io/v1/',
    Runtimes: { sampan: { path: 'sampan-helper' } },
    DefaultRuntime: 'sampan',
    SecurityOptions: ['name=rootless', 'name=userns', 'name=cgroupns'],
    Labels: [],
    Warnings: [...idMapWarnings(idMap), ...decompressionWarnings(decompression)],
    Sampan: {
      IdMap: idMap.mode,
      UserIds: idMap.uids.reduce((sum, { size }) => sum + size, 0),
      RuntimeDir: context.paths.runtimeRoot,
      DefaultNetwork: 'bridge',
      Seccomp: 'none',
      Cgroup: findDelegatedCgroup() ?? '',
      GzipLayers: decompression.gzip,
      ZstdLayers: decompression.zstd,
    },
  };
};

const idMapWarnings = ({ mode, reason }: IdMap): readonly string[] =>
  mode === 'single' ? [`only one user id inside a container: ${reason?.text ?? 'no sub-ids'}`] : [];

const machineOf = (nodeArch: string): string => ({ x64: 'x86_64', arm64: 'aarch64' })[nodeArch] ?? nodeArch;

/** os-release(5) */
const operatingSystem = (): string => {
  try {
    return /^PRETTY_NAME="?([^"\n]*)"?$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'Linux';
  } catch (error) {
    if (hasErrno(error, 'ENOENT', 'EACCES')) return 'Linux';
    throw error;
  }
};
