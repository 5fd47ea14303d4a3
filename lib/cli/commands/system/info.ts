// SPDX-License-Identifier: Apache-2.0
// sampan info

import { formatBinaryBytes } from '../../../util/bytes.js';
import type { InspectObject } from '../../output/inspect-format.js';
import { objectCommand } from './object-command.js';

/** docker's words, in docker's order; a field that is not there is left out. */
const rows: readonly (readonly [field: string, title: string, indent: number])[] = [
  ['Containers', 'Containers', 0],
  ['ContainersRunning', 'Running', 1],
  ['ContainersPaused', 'Paused', 1],
  ['ContainersStopped', 'Stopped', 1],
  ['Images', 'Images', 0],
  ['ServerVersion', 'Server Version', 0],
  ['Driver', 'Storage Driver', 0],
  ['LoggingDriver', 'Logging Driver', 0],
  ['CgroupDriver', 'Cgroup Driver', 0],
  ['CgroupVersion', 'Cgroup Version', 0],
  ['SecurityOptions', 'Security Options', 0],
  ['KernelVersion', 'Kernel Version', 0],
  ['OperatingSystem', 'Operating System', 0],
  ['OSType', 'OSType', 0],
  ['Architecture', 'Architecture', 0],
  ['NCPU', 'CPUs', 0],
  ['MemTotal', 'Total Memory', 0],
  ['Name', 'Name', 0],
  ['ID', 'ID', 0],
  ['DockerRootDir', 'Data Root', 0],
];

const infoText = (info: InspectObject): string => {
  const known = rows.flatMap(([field, title, indent]) =>
    info[field] === undefined ? [] : [`${' '.repeat(indent)}${title}: ${valueText(field, info[field])}`],
  );
  const own = Object.entries(asObject(info['Sampan'])).map(
    ([field, value]) => ` ${spaced(field)}: ${valueText(field, value)}`,
  );
  const warnings = Array.isArray(info['Warnings'])
    ? info['Warnings'].map((warning) => `WARNING: ${String(warning)}`)
    : [];
  return `${[...known, ...(own.length === 0 ? [] : ['Sampan:', ...own]), ...warnings].join('\n')}\n`;
};

const asObject = (value: unknown): object => (typeof value === 'object' && value !== null ? value : {});

/** `RuntimeDir` -> `Runtime Dir` */
const spaced = (field: string): string => field.replace(/(?<=[a-z])(?=[A-Z])/g, ' ');

const valueText = (field: string, value: unknown): string => {
  if (field === 'MemTotal' && typeof value === 'number') return formatBinaryBytes(value);
  if (Array.isArray(value)) return value.map((item) => valueText('', item)).join(' ');
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value);
};

export const command = objectCommand((engine) => engine.system.info(), infoText);
