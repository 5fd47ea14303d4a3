// SPDX-License-Identifier: Apache-2.0
// Options of run and create: what is mounted.

import type { MountRequest } from '../../spec/create-request.js';
import { createBoolean, createList, createValue, type CreateOption } from '../create-option.js';
import { readShmSize } from '../parse/limits.js';
import { readMount, readTmpfs, readVolume } from '../parse/mounts.js';

export const fileOptions: readonly CreateOption[] = [
  createList('files', {
    name: 'volume',
    short: 'v',
    describe: 'bind mount a file or directory (source:target[:ro])',
    docker: 'HostConfig.Binds',
    read: readVolume,
    apply: (request, volumes, caller) => ({
      ...request,
      mounts: [...request.mounts, ...volumes.map((volume) => volume(caller))],
    }),
  }),
  createList('files', {
    name: 'mount',
    kind: 'mount',
    describe: 'attach a file system mount (type=bind|tmpfs,source=...,target=...)',
    docker: 'HostConfig.Mounts',
    read: readMount,
    apply: (request, mounts, caller) => ({
      ...request,
      mounts: [...request.mounts, ...mounts.map((mount) => mount(caller))],
    }),
  }),
  createList('files', {
    name: 'tmpfs',
    describe: 'mount a tmpfs (target[:options])',
    docker: 'HostConfig.Tmpfs',
    read: readTmpfs,
    apply: (request, mounts: readonly MountRequest[]) => ({ ...request, mounts: [...request.mounts, ...mounts] }),
  }),
  createBoolean('files', {
    name: 'read-only',
    describe: "mount the container's root file system read-only",
    docker: 'HostConfig.ReadonlyRootfs',
    apply: (request, readOnlyRootfs) => ({ ...request, readOnlyRootfs }),
  }),
  createValue('files', {
    name: 'shm-size',
    kind: 'bytes',
    describe: 'size of /dev/shm',
    defaultText: '64m',
    docker: 'HostConfig.ShmSize',
    read: readShmSize,
    apply: (request, shmSizeBytes) => ({ ...request, shmSizeBytes }),
  }),
];
