// SPDX-License-Identifier: Apache-2.0
// The row of `ps`: docker's field names and texts.

import type { ContainerSummary } from '../../engine/contract.js';
import { formatBytes } from '../../util/bytes.js';
import { humanDuration } from '../../util/duration.js';
import { formatTime } from '../../util/times.js';
import { quoteString } from '../template/quote.js';
import { GoFunction, GoStruct, type GoValue } from '../template/values.js';
import { shownPorts } from './ports.js';
import { ellipsis, labelText } from './text.js';
import type { ListShape } from './list-format.js';

export interface RowOptions {
  readonly now: Date;
  readonly truncate: boolean;
}

/** `ps`'s table; the size column only when sizes were asked for */
export const containerShape = (size: boolean): ListShape => ({
  table: `{{.ID}}\t{{.Image}}\t{{.Command}}\t{{.RunningFor}}\t{{.Status}}\t{{.Ports}}\t{{.Names}}${size ? '\t{{.Size}}' : ''}`,
  headers: {
    ID: 'CONTAINER ID',
    Names: 'NAMES',
    Image: 'IMAGE',
    Command: 'COMMAND',
    CreatedAt: 'CREATED AT',
    RunningFor: 'CREATED',
    Ports: 'PORTS',
    State: 'STATE',
    Status: 'STATUS',
    Size: 'SIZE',
    Labels: 'LABELS',
    Mounts: 'MOUNTS',
    LocalVolumes: 'LOCAL VOLUMES',
    Networks: 'NETWORKS',
    Platform: 'PLATFORM',
  },
});

const shortMount = 15;
const shortCommand = 20;

/** The fields in docker's (alphabetical) order, which JSON shows. */
export const containerRow = (summary: ContainerSummary, { now, truncate }: RowOptions): GoStruct => {
  const command = commandText(summary.command);
  const fields: Readonly<Record<string, GoValue>> = {
    Command: quoteString(truncate ? ellipsis(command, shortCommand) : command, false),
    CreatedAt: formatTime(summary.createdAt),
    ID: truncate ? summary.id.slice(0, 12) : summary.id,
    Image: summary.image,
    Labels: labelText(summary.labels),
    LocalVolumes: '0',
    Mounts: summary.mounts.map((mount) => (truncate ? ellipsis(mount, shortMount) : mount)).join(','),
    Names: summary.name,
    Networks: summary.networks.join(','),
    Platform: null,
    Ports: shownPorts(summary.ports),
    RunningFor: `${humanDuration(now.getTime() - Date.parse(summary.createdAt))} ago`,
    Size: sizeText(summary),
    State: summary.status,
    Status: statusText(summary, now),
  };
  const label = new GoFunction(([name]) => (typeof name === 'string' ? (summary.labels[name] ?? '') : ''), 1);
  return new GoStruct(new Map([...Object.entries(fields), ['Label', label]]), {
    typeName: '*formatter.ContainerContext',
  });
};

/** As docker's engine has it: an argument with a space stands in quotes, the program never does. */
const commandText = ([program = '', ...args]: readonly string[]): string =>
  [program, ...args.map((arg) => (arg.includes(' ') ? `'${arg}'` : arg))].join(' ');

const sizeText = ({ sizeRwBytes = 0, sizeRootFsBytes = 0 }: ContainerSummary): string =>
  `${formatBytes(sizeRwBytes, 3)}${sizeRootFsBytes > 0 ? ` (virtual ${formatBytes(sizeRootFsBytes, 3)})` : ''}`;

const healthText = ({ health }: ContainerSummary): string =>
  health === undefined ? '' : ` (${health === 'starting' ? 'health: starting' : health})`;

export const statusText = (summary: ContainerSummary, now: Date): string => {
  const since = (time: string | undefined): string =>
    humanDuration(now.getTime() - Date.parse(time ?? summary.createdAt));
  switch (summary.status) {
    case 'created':
      return 'Created';
    case 'running':
      return `Up ${since(summary.startedAt)}${healthText(summary)}`;
    case 'restarting':
      return `Restarting (${String(summary.exitCode ?? 0)}) ${since(summary.finishedAt)} ago`;
    case 'exited':
      return `Exited (${String(summary.exitCode ?? 0)}) ${since(summary.finishedAt)} ago`;
    case 'removing':
      return 'Removal In Progress';
    case 'dead':
      return 'Dead';
  }
};
