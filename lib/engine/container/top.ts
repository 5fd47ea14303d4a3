// SPDX-License-Identifier: Apache-2.0
// `top`: ps(1) of the host with the user's options, and of what it prints the container's processes only, as docker
// does it. Where the host has no ps, the columns of `ps -ef` from /proc.

import { sampanError } from '../../errors/sampan-error.js';
import { runPs } from '../../native/ps.js';
import type { ContainerTop } from '../contract.js';
import { containerProcesses, type HostProcess } from './container-processes.js';
import type { ContainerContext } from './context.js';
import { isRestarting, type FoundContainer } from './find.js';
import { fullRows, fullTitles } from './process-row.js';
import { deriveStatus } from './status.js';

/** @throws ERR_CONTAINER_NOT_RUNNING, ERR_INVALID_VALUE */
export const topOfContainer = async (
  { env }: Pick<ContainerContext, 'env'>,
  found: FoundContainer,
  options: readonly string[],
): Promise<ContainerTop> => {
  const state = deriveStatus(found.files);
  if (state.status === 'restarting') throw isRestarting(found);
  const processes = state.status === 'running' ? containerProcesses(state.run.init.pid) : [];
  if (processes.length === 0) {
    throw sampanError('ERR_CONTAINER_NOT_RUNNING', {
      subject: found.record.name,
      hint: `start it with 'sampan start ${found.record.name}'`,
    });
  }
  const pids = processes.map(({ pid }) => pid);
  const lines = await runPs(options.length === 0 ? ['-ef'] : options, pids, env);
  return lines === undefined ? withoutPs(processes, options) : rowsAmong(lines, new Set(pids), options);
};

const rowsAmong = (
  [header = '', ...lines]: readonly string[],
  pids: ReadonlySet<number>,
  options: readonly string[],
): ContainerTop => {
  const titles = header.trim().split(/\s+/);
  const pidColumn = titles.indexOf('PID');
  if (pidColumn < 0) {
    throw sampanError('ERR_INVALID_VALUE', {
      subject: `ps ${options.join(' ')}: there is no column PID`,
      hint: 'let ps print the column pid, by which the processes of the container are found',
    });
  }
  const processes = lines
    .map((line) => cellsOf(line, titles.length))
    .filter((cells) => pids.has(Number(cells[pidColumn])));
  return { titles, processes };
};

/** The last column takes the rest: a command has spaces. */
const cellsOf = (line: string, columns: number): readonly string[] => {
  const cell = new RegExp(String.raw`^\s*((?:\S+\s+){${String(columns - 1)}})(.*)$`).exec(line);
  if (cell === null) return line.trim().split(/\s+/);
  const [, firsts = '', last = ''] = cell;
  return [...firsts.trim().split(/\s+/), last.trimEnd()].filter((text) => text !== '');
};

const withoutPs = (processes: readonly HostProcess[], options: readonly string[]): ContainerTop => {
  if (options.length > 0 && options.join(' ') !== '-ef') {
    throw sampanError('ERR_INVALID_VALUE', {
      subject: `ps ${options.join(' ')}: this machine has no ps`,
      hint: 'install ps (procps), or leave the options out',
    });
  }
  return { titles: fullTitles, processes: fullRows(processes) };
};
