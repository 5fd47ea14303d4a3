// SPDX-License-Identifier: Apache-2.0
// docker's `inspect` object and the row of `ps`. Pure, from the records and the derived status.
// Source of the fields: Docker Engine API 1.47, ContainerInspect.

import { healthcheckToJson } from '../../image/config-json.js';
import type { RuntimeConfig } from '../../spec/runtime-config.js';
import type { ContainerFiles, ContainerRecord } from '../../store/container-records.js';
import type { ContainerSummary } from '../contract.js';
import type { Health } from './health.js';
import { networkSettings, type ContainerEndpoint } from './network-settings.js';
import { exposedSet, hasPorts, portBindings, portSummaries } from './port-objects.js';
import type { DerivedStatus } from './status.js';

export interface InspectInput {
  readonly record: ContainerRecord;
  readonly files: ContainerFiles;
  readonly config: RuntimeConfig;
  readonly state: DerivedStatus;
  /** the networks it is on, with their records */
  readonly networks: readonly ContainerEndpoint[];
  readonly health?: Health | undefined;
  readonly sizes?: { readonly rw: number; readonly rootFs: number } | undefined;
}

/** Go's zero time, which docker shows for what has not happened. */
const zeroTime = '0001-01-01T00:00:00Z';

export const statusWord = (state: DerivedStatus): ContainerSummary['status'] =>
  state.status === 'exiting' ? 'running' : state.status;

export const inspectObject = (input: InspectInput): Readonly<Record<string, unknown>> => {
  const { record, files, config, sizes } = input;
  return {
    Id: record.id,
    Created: record.createdAt,
    Path: record.process.args[0],
    Args: record.process.args.slice(1),
    State: { ...stateObject(input.state), ...healthObject(input.health) },
    Image: record.imageId,
    ResolvConfPath: `${files.directory}/resolv.conf`,
    HostnamePath: `${files.directory}/hostname`,
    HostsPath: `${files.directory}/hosts`,
    LogPath: config.sampan.log === undefined ? '' : files.log,
    Name: `/${record.name}`,
    RestartCount: restartCountOf(input.state),
    Driver: 'overlay',
    Platform: 'linux',
    MountLabel: '',
    ProcessLabel: '',
    AppArmorProfile: '',
    ExecIDs: null,
    HostConfig: hostConfig(record),
    GraphDriver: graphDriver(config),
    ...(sizes === undefined ? {} : { SizeRw: sizes.rw, SizeRootFs: sizes.rootFs }),
    Mounts: mountPoints(record),
    Config: configObject(record),
    NetworkSettings: networkSettings(input),
    Sampan: {
      IdMap: record.idMode,
      UidMappings: config.linux.uidMappings,
      GidMappings: config.linux.gidMappings,
      Cgroup: cgroupOf(input.state),
    },
  };
};

const healthObject = (health: Health | undefined): Readonly<Record<string, unknown>> =>
  health === undefined
    ? {}
    : { Health: { Status: health.status, FailingStreak: health.failingStreak, Log: health.log } };

const restartCountOf = (state: DerivedStatus): number =>
  state.status === 'created' ? 0 : (state.run?.restartCount ?? 0);

const cgroupOf = (state: DerivedStatus): string => (state.status === 'running' ? (state.run.cgroup ?? '') : '');

const stateObject = (state: DerivedStatus): Readonly<Record<string, unknown>> => {
  const restarting = state.status === 'restarting';
  const common = { Status: statusWord(state), Paused: false, Restarting: restarting, Dead: false };
  switch (state.status) {
    case 'created':
      return { ...common, ...stopped, StartedAt: zeroTime, FinishedAt: zeroTime };
    case 'running':
    case 'exiting':
      return {
        ...common,
        ...stopped,
        Running: true,
        Pid: state.run.init.pid,
        StartedAt: state.run.startedAt,
        FinishedAt: state.run.lastExit?.finishedAt ?? zeroTime,
      };
    case 'restarting':
    case 'exited': {
      const { oomKilled, exitCode, error = '', finishedAt } = state.exit;
      const startedAt = state.run?.startedAt ?? zeroTime;
      return {
        ...common,
        ...stopped,
        Running: restarting,
        OOMKilled: oomKilled,
        ExitCode: exitCode,
        Error: error,
        StartedAt: startedAt,
        FinishedAt: finishedAt,
      };
    }
  }
};

const stopped = { Running: false, OOMKilled: false, Pid: 0, ExitCode: 0, Error: '' } as const;

const hostConfig = ({ request, network }: ContainerRecord): Readonly<Record<string, unknown>> => ({
  Binds: request.mounts.flatMap((mount) =>
    mount.type === 'bind' ? [`${mount.source}:${mount.target}${mount.readOnly ? ':ro' : ''}`] : [],
  ),
  LogConfig: {
    Type: request.log.driver,
    Config:
      request.log.maxSizeBytes > 0
        ? { 'max-size': String(request.log.maxSizeBytes), 'max-file': String(request.log.maxFiles) }
        : {},
  },
  NetworkMode: network,
  PortBindings: portBindings(request.publish),
  RestartPolicy: {
    Name: request.restart?.policy ?? 'no',
    MaximumRetryCount: request.restart?.maximumRetryCount ?? 0,
  },
  AutoRemove: request.autoRemove,
  Annotations: request.annotations,
  CapAdd: request.capAdd,
  CapDrop: request.capDrop,
  CgroupnsMode: 'private',
  Dns: request.dns,
  DnsOptions: request.dnsOptions,
  DnsSearch: request.dnsSearch,
  ExtraHosts: request.addedHosts.map(({ name, address }) => `${name}:${address}`),
  GroupAdd: request.groupAdd,
  IpcMode: 'private',
  OomScoreAdj: request.oomScoreAdj ?? 0,
  PidMode: '',
  Privileged: request.privileged,
  PublishAllPorts: request.publishAll,
  ReadonlyRootfs: request.readOnlyRootfs,
  SecurityOpt: request.securityOptions,
  UTSMode: '',
  UsernsMode: '',
  ShmSize: request.shmSizeBytes,
  Sysctls: request.sysctls,
  Tmpfs: Object.fromEntries(
    request.mounts.flatMap((mount) => (mount.type === 'tmpfs' ? [[mount.target, mount.options.join(',')]] : [])),
  ),
  Ulimits: request.ulimits.map(({ name, soft, hard }) => ({ Name: name, Soft: soft ?? -1, Hard: hard ?? -1 })),
  Init: request.init,
});

const graphDriver = ({ sampan: { rootfs } }: RuntimeConfig): Readonly<Record<string, unknown>> =>
  rootfs.kind === 'host'
    ? {
        Name: 'overlay',
        Data: { UpperDir: rootfs.base, LowerDir: rootfs.directories.map(({ source }) => source).join(':') },
      }
    : { Name: 'overlay', Data: { LowerDir: rootfs.lower.join(':'), UpperDir: rootfs.upper, WorkDir: rootfs.work } };

const mountPoints = ({ request }: ContainerRecord): readonly unknown[] =>
  request.mounts.map((mount) => ({
    Type: mount.type,
    Source: mount.type === 'bind' ? mount.source : '',
    Destination: mount.target,
    Mode: mount.readOnly ? 'ro' : '',
    RW: !mount.readOnly,
    Propagation: mount.type === 'bind' ? (mount.propagation ?? 'rprivate') : '',
  }));

const configObject = ({
  request,
  process,
  hostname,
  imageName,
  ports,
}: ContainerRecord): Readonly<Record<string, unknown>> => ({
  Hostname: hostname,
  Domainname: request.domainname ?? '',
  User: process.user,
  AttachStdin: false,
  AttachStdout: true,
  AttachStderr: true,
  ...(ports.exposed.length === 0 ? {} : { ExposedPorts: exposedSet(ports.exposed) }),
  Tty: request.tty,
  OpenStdin: request.openStdin,
  StdinOnce: request.stdinOnce,
  Env: process.env,
  Cmd: process.command,
  Image: imageName,
  Volumes: null,
  WorkingDir: process.cwd,
  Entrypoint: process.entrypoint.length === 0 ? null : process.entrypoint,
  Labels: process.labels,
  StopSignal: process.stopSignal,
  ...(process.healthcheck === undefined ? {} : { Healthcheck: healthcheckToJson(process.healthcheck) }),
  ...(request.stopTimeoutSeconds === undefined ? {} : { StopTimeout: request.stopTimeoutSeconds }),
});

export const summaryOf = ({
  record,
  state,
  health,
  networks,
  sizes,
}: Omit<InspectInput, 'files' | 'config'>): ContainerSummary => ({
  id: record.id,
  name: record.name,
  image: record.imageName,
  imageId: record.imageId,
  command: record.process.args,
  createdAt: record.createdAt,
  status: statusWord(state),
  ...(state.status === 'created' || state.run === undefined ? {} : { startedAt: state.run.startedAt }),
  ...('exit' in state ? { finishedAt: state.exit.finishedAt, exitCode: state.exit.exitCode } : {}),
  ...(health === undefined ? {} : { health: health.status }),
  labels: record.process.labels,
  mounts: record.request.mounts.map((mount) => (mount.type === 'bind' ? mount.source : mount.target)),
  networks: networks.length === 0 ? [record.network] : networks.map(({ endpoint }) => endpoint.networkName),
  ports:
    hasPorts(record.network) && state.status === 'running'
      ? portSummaries(record.ports.exposed, state.run.publishedPorts ?? [])
      : [],
  ...(sizes === undefined ? {} : { sizeRwBytes: sizes.rw, sizeRootFsBytes: sizes.rootFs }),
});
