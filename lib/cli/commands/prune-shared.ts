// SPDX-License-Identifier: Apache-2.0
// What the prune commands do alike: docker's warning and question, its filters, its report.

import type { ContainerPruneReport, ImagePruneReport, PruneFilters } from '../../engine/contract.js';
import { sampanError } from '../../errors/sampan-error.js';
import { booleanOption, listOption } from '../../options/option.js';
import { readFilter } from '../../options/parse/filter.js';
import type { OptionValues } from '../../options/scan.js';
import { formatBytes } from '../../util/bytes.js';
import type { Host } from '../host.js';

export const pruneForceOption = booleanOption({
  name: 'force',
  short: 'f',
  group: 'general',
  describe: 'do not ask',
});

/** Without the short form, which is --force's here. */
export const pruneFilterOption = listOption({
  name: 'filter',
  kind: 'filter',
  group: 'general',
  describe: 'remove only what matches (until=24h, label=key, label!=key=value)',
  read: readFilter,
});

export const pruneFiltersOf = (values: OptionValues): PruneFilters => {
  const filters: Record<string, string[]> = {};
  for (const [key, value] of values.get(pruneFilterOption) ?? []) (filters[key] ??= []).push(value);
  return filters;
};

/**
 * Warns and asks, unless forced. A pipe is no person: nobody may have meant its next line for this question.
 * @throws ERR_NOT_A_TERMINAL
 */
export const isConfirmed = async (host: Host, values: OptionValues, warning: string): Promise<boolean> => {
  if (values.get(pruneForceOption) === true) return true;
  if (!host.terminal.stdinIsTerminal) {
    throw sampanError('ERR_NOT_A_TERMINAL', { subject: 'nobody can be asked', hint: 'use --force to remove unasked' });
  }
  await host.stdout.write(`${warning}\nAre you sure you want to continue? [y/N] `);
  return /^y(?:es)?$/i.test((await firstLine(host)).trim());
};

const firstLine = async (host: Host): Promise<string> => {
  using stdin = host.terminal.readStdin();
  let text = '';
  for await (const chunk of stdin.stream) {
    text += String(chunk);
    if (text.includes('\n')) break;
  }
  return text.split('\n')[0] ?? '';
};

export const containersText = ({ ids }: ContainerPruneReport): string =>
  ids.length === 0 ? '' : `Deleted Containers:\n${ids.map((id) => `${id}\n`).join('')}\n`;

export const networksText = (names: readonly string[]): string =>
  names.length === 0 ? '' : `Deleted Networks:\n${names.map((name) => `${name}\n`).join('')}\n`;

export const imagesText = ({ lines }: ImagePruneReport): string =>
  lines.length === 0
    ? ''
    : `Deleted Images:\n${lines.map(({ untagged, deleted }) => (untagged === undefined ? `deleted: ${deleted ?? ''}\n` : `untagged: ${untagged}\n`)).join('')}\n`;

export const reclaimedText = (bytes: number): string => `Total reclaimed space: ${formatBytes(bytes)}\n`;
