// SPDX-License-Identifier: Apache-2.0
// Options of docker's run and create that are not there yet. They are known, so that using one says so instead of
// "unknown flag"; a value that asks for what happens anyway (--ipc=private) passes.

import { sampanError } from '../../errors/sampan-error.js';
import type { Option, OptionKind } from '../option.js';

export type Row = readonly [name: string, kind: OptionKind, harmless?: readonly string[], short?: string];

const rows: readonly Row[] = [
  ['blkio-weight', 'int', ['0']],
  ['blkio-weight-device', 'list'],
  ['cgroup-parent', 'string', ['']],
  ['cgroupns', 'string', ['', 'private']],
  ['cpu-period', 'int', ['0']],
  ['cpu-quota', 'int', ['0', '-1']],
  ['cpu-rt-period', 'int', ['0']],
  ['cpu-rt-runtime', 'int', ['0']],
  ['cpu-shares', 'int', ['0'], 'c'],
  ['cpus', 'decimal', ['0']],
  ['cpuset-cpus', 'string', ['']],
  ['cpuset-mems', 'string', ['']],
  ['device', 'list'],
  ['device-cgroup-rule', 'list'],
  ['device-read-bps', 'list'],
  ['device-read-iops', 'list'],
  ['device-write-bps', 'list'],
  ['device-write-iops', 'list'],
  ['disable-content-trust', 'boolean', ['true']],
  ['gpus', 'string', ['']],
  ['ipc', 'string', ['', 'private']],
  ['isolation', 'string', ['', 'default']],
  ['kernel-memory', 'bytes', ['0']],
  ['link', 'list'],
  ['link-local-ip', 'list'],
  ['memory', 'bytes', ['0'], 'm'],
  ['memory-reservation', 'bytes', ['0']],
  ['memory-swap', 'bytes', ['0']],
  ['memory-swappiness', 'int', ['-1']],
  ['oom-kill-disable', 'boolean', ['false']],
  ['pid', 'string', ['', 'private']],
  ['pids-limit', 'int', ['0', '-1']],
  ['runtime', 'string', ['']],
  ['storage-opt', 'list'],
  ['use-api-socket', 'boolean', ['false']],
  ['userns', 'string', ['']],
  ['uts', 'string', ['', 'private']],
  ['volume-driver', 'string', ['', 'local']],
  ['volumes-from', 'list'],
];

export const unsupportedOption = ([name, kind, harmless = [], short]: Row): Option => ({
  name,
  short,
  kind,
  group: 'general',
  describe: 'not supported yet',
  hidden: true,
  unsupported: true,
  parse: (texts) => {
    if (texts.every((text) => harmless.includes(text))) return undefined;
    throw sampanError('ERR_NOT_SUPPORTED', {
      subject: `--${name}`,
      hint: 'this option of docker is not supported yet: leave it out',
    });
  },
});

export const unsupportedOptions: readonly Option[] = rows.map(unsupportedOption);
