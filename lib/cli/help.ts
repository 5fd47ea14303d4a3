// SPDX-License-Identifier: Apache-2.0
// Help texts, made from the registry and the option records. Docker's layout, one line per option.

import type { Option, OptionGroup } from '../options/option.js';
import type { Command } from './command.js';
import { globalOptions } from './global-options.js';
import { allNames, nouns, registry, shortName, type CommandEntry, type Noun } from './registry.js';

/** More options than this are shown in groups. */
const groupFrom = 15;

const groupTitles: Readonly<Record<OptionGroup, string>> = {
  general: 'General',
  process: 'Process',
  environment: 'Environment and labels',
  files: 'Files',
  network: 'Network',
  security: 'Security',
  resources: 'Resources',
  lifecycle: 'Image, name and life',
  logging: 'Logging',
};

export const rootHelp = (): string =>
  [
    'Usage:  sampan [OPTIONS] COMMAND',
    'A container engine that needs no root and no daemon',
    section(
      'Commands',
      registry.filter(({ top, hidden }) => top.length > 0 && !hidden).map((entry) => [shortName(entry), entry.summary]),
    ),
    section('Management commands', Object.entries(nouns)),
    `Options:\n${optionLines(globalOptions)}`,
    "Run 'sampan COMMAND --help' for more information on a command.",
  ].join('\n\n') + '\n';

export const nounHelpText = (noun: Noun, entries: readonly CommandEntry[]): string =>
  [
    `Usage:  sampan ${noun} COMMAND`,
    nouns[noun],
    section(
      'Commands',
      entries
        .filter((entry) => entry.noun === noun && !entry.hidden)
        .map(({ verbs, summary }) => [verbs[0] ?? '', summary]),
    ),
    `Run 'sampan ${noun} COMMAND --help' for more information on a command.`,
  ].join('\n\n') + '\n';

export const commandHelpText = (entry: CommandEntry, command: Command): string => {
  const names = allNames(entry);
  const shown = shownOptions(command);
  const parts = registry.filter(({ top }) => top.some((name) => name.startsWith(`${shortName(entry)} `)));
  return (
    [
      `Usage:  ${usageOf(entry, command)}`,
      entry.summary,
      ...(parts.length > 0
        ? [
            section(
              'Commands',
              parts.map((part) => [shortName(part), part.summary]),
            ),
          ]
        : []),
      ...(names.length > 1 ? [`Aliases:\n  ${names.map((name) => `sampan ${name}`).join(', ')}`] : []),
      ...(shown.length > groupFrom
        ? groupedOptions(shown)
        : shown.length > 0
          ? [`Options:\n${optionLines(shown)}`]
          : []),
    ].join('\n\n') + '\n'
  );
};

/** `sampan run [OPTIONS] IMAGE [COMMAND] [ARG...]` */
export const usageOf = (entry: CommandEntry, command: Command): string =>
  [`sampan ${shortName(entry)}`, ...(shownOptions(command).length > 0 ? ['[OPTIONS]'] : []), command.usage]
    .join(' ')
    .trimEnd();

export const shownOptions = ({ options }: Command): readonly Option[] =>
  options.filter(({ hidden }) => hidden !== true).toSorted((a, b) => (a.name < b.name ? -1 : 1));

/** `-e, --env list` */
export const optionSyntax = ({ name, short, kind }: Option): string =>
  `${short === undefined ? '    ' : `-${short}, `}--${name}${kind === 'boolean' ? '' : ` ${kind}`}`;

export const optionText = ({ describe, defaultText }: Option): string =>
  `${describe}${defaultText === undefined ? '' : ` (default ${defaultText})`}`;

const groupedOptions = (options: readonly Option[]): readonly string[] =>
  (Object.keys(groupTitles) as OptionGroup[]) // the record's own keys
    .map((group) => ({ title: groupTitles[group], members: options.filter((option) => option.group === group) }))
    .filter(({ members }) => members.length > 0)
    .map(({ title, members }) => `${title}:\n${optionLines(members, widthOf(options))}`);

const widthOf = (options: readonly Option[]): number =>
  Math.max(...options.map((option) => optionSyntax(option).length));

const optionLines = (options: readonly Option[], width = widthOf(options)): string =>
  options.map((option) => `  ${optionSyntax(option).padEnd(width)}   ${optionText(option)}`).join('\n');

const section = (title: string, rows: readonly (readonly [string, string])[]): string => {
  const width = Math.max(...rows.map(([name]) => name.length));
  return `${title}:\n${rows.map(([name, text]) => `  ${name.padEnd(width)}   ${text}`).join('\n')}`;
};
