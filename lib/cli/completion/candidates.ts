// SPDX-License-Identifier: Apache-2.0
// What may stand where the cursor is: commands and flags from their tables, values from what an option says of itself,
// arguments from the words of a command's usage, names from the engine.

import type { Engine } from '../../engine/contract.js';
import type { Option } from '../../options/option.js';
import type { Command } from '../command.js';
import { globalOptions, helpOption } from '../global-options.js';
import { optionText, shownOptions } from '../help.js';
import { findCommand, nouns, registry, shortName, type CommandEntry } from '../registry.js';
import { withEngine, type Host } from '../host.js';

export interface Candidate {
  readonly word: string;
  readonly text?: string;
}

/** files: whatever the shell itself completes */
export type Completion = readonly Candidate[] | 'files';

/** @param words after the program's name; the last is the one under the cursor, maybe empty */
export const complete = async (words: readonly string[], host: Host): Promise<Completion> => {
  const current = words.at(-1) ?? '';
  const before = words.slice(0, -1);
  const found = await candidatesAt(before, current, host);
  if (found === 'files') return found;
  return found.filter(({ word }) => word.startsWith(current));
};

const candidatesAt = async (before: readonly string[], current: string, host: Host): Promise<Completion> => {
  const first = before.findIndex((word) => !word.startsWith('-'));
  const typed = first < 0 ? [] : before.slice(first);
  if (typed[0] === undefined) return current.startsWith('-') ? flags(globalOptions) : topLevel();
  if (typed[0] === 'help') return helpTopics(typed.slice(1));
  const found = findCommand(typed);
  if (found.kind === 'noun') return current.startsWith('-') ? flags([helpOption]) : verbsOf(found.noun);
  if (found.kind === 'unknown') return [];
  const { command } = await found.entry.load();
  return inCommand({ entry: found.entry, command, words: found.rest, current, host });
};

const topLevel = (): readonly Candidate[] => [
  ...registry.flatMap(({ top, hidden, summary }) =>
    hidden ? [] : top.filter((name) => !name.includes(' ')).map((word) => ({ word, text: summary })),
  ),
  ...Object.entries(nouns).map(([word, text]) => ({ word, text })),
  { word: 'help', text: 'Show help' },
];

const verbsOf = (wanted: string): readonly Candidate[] =>
  registry.flatMap(({ noun, verbs, hidden, summary }) =>
    noun === wanted && !hidden ? verbs.map((word) => ({ word, text: summary })) : [],
  );

/** `add` and `rm` of `port` */
const partsOf = (name: string): readonly Candidate[] =>
  registry.flatMap(({ top, summary }) =>
    top
      .filter((other) => other.startsWith(`${name} `))
      .map((other) => ({ word: other.slice(name.length + 1), text: summary })),
  );

const helpTopics = ([noun, ...more]: readonly string[]): readonly Candidate[] =>
  noun === undefined ? topLevel() : more.length === 0 ? [...verbsOf(noun), ...partsOf(noun)] : [];

const flags = (options: readonly Option[]): readonly Candidate[] =>
  options.flatMap((option) => {
    const text = optionText(option);
    const long = { word: `--${option.name}`, text };
    return option.short === undefined ? [long] : [long, { word: `-${option.short}`, text }];
  });

// ---- within a command ----------------------------------------------------------------------------------------------

interface Place {
  readonly entry: CommandEntry;
  readonly command: Command;
  /** after the command's name, before the cursor */
  readonly words: readonly string[];
  readonly current: string;
  readonly host: Host;
}

const inCommand = async (place: Place): Promise<Completion> => {
  const { command, words, current } = place;
  const { args, open, flagsEnded } = readWords(command, words);
  if (open !== undefined) return valuesOf(open, place, '');
  const inline = /^--([^=]+)=/.exec(current);
  if (!flagsEnded && inline !== null) {
    const option = command.options.find(({ name }) => name === inline[1]);
    return option === undefined ? [] : valuesOf(option, place, inline[0]);
  }
  if (!flagsEnded && current.startsWith('-')) return flags([...shownOptions(command), helpOption]);
  return argumentAt(place, args.length);
};

interface ReadWords {
  readonly args: readonly string[];
  /** the last word is a flag whose value is under the cursor */
  readonly open: Option | undefined;
  readonly flagsEnded: boolean;
}

/** As scan() reads them, but half of a command line is no error. */
const readWords = (command: Command, words: readonly string[]): ReadWords => {
  const args: string[] = [];
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? '';
    if (word === '--') return { args: [...args, ...words.slice(at + 1)], open: undefined, flagsEnded: true };
    if (!word.startsWith('-') || word === '-') {
      if (command.flagsEndAtArgument === true) return { args: words.slice(at), open: undefined, flagsEnded: true };
      args.push(word);
      continue;
    }
    const waiting = waitingOption(command.options, word);
    if (waiting === undefined) continue;
    if (at === words.length - 1) return { args, open: waiting, flagsEnded: false };
    at++;
  }
  return { args, open: undefined, flagsEnded: false };
};

/** The option of a word that takes the next one as its value. */
const waitingOption = (options: readonly Option[], word: string): Option | undefined => {
  if (word.includes('=')) return undefined;
  if (word.startsWith('--')) {
    const option = options.find(({ name }) => name === word.slice(2));
    return option?.kind === 'boolean' ? undefined : option;
  }
  const letters = [...word.slice(1)];
  const at = letters.findIndex((letter) => options.find(({ short }) => short === letter)?.kind !== 'boolean');
  // a value may be attached: -eA=1
  return at === letters.length - 1 ? options.find(({ short }) => short === letters[at]) : undefined;
};

// ---- values and arguments ------------------------------------------------------------------------------------------

type Source = (host: Host) => Promise<readonly Candidate[]>;

const fixed =
  (...words: readonly string[]): Source =>
  () =>
    Promise.resolve(words.map((word) => ({ word })));

const fromEngine =
  (ask: (engine: Engine) => Promise<readonly Candidate[]>): Source =>
  (host) =>
    withEngine(host, ask);

type Wanted = 'running' | 'stopped' | 'all';

const containers = (wanted: Wanted): Source =>
  fromEngine(async (engine) => {
    const all = wanted !== 'running';
    const found = await engine.containers.list({ filters: {}, all, last: -1, size: false });
    return found
      .filter(({ status }) => wanted !== 'stopped' || status !== 'running')
      .map(({ name, image, status }) => ({ word: name, text: `${image} (${status})` }));
  });

const images: Source = fromEngine(async (engine) => {
  const found = await engine.images.list({ all: false, filters: {} });
  return found
    .filter(({ repository, tag }) => repository !== '<none>' && tag !== '<none>')
    .map(({ repository, tag }) => ({ word: `${repository}:${tag}` }));
});

const networks: Source = fromEngine(async (engine) =>
  (await engine.networks.list({})).map(({ name, driver }) => ({ word: name, text: driver })),
);

const both =
  (...sources: readonly Source[]): Source =>
  async (host) =>
    (await Promise.all(sources.map((source) => source(host)))).flat();

const platforms = fixed(
  'linux/amd64',
  'linux/arm64',
  'linux/arm/v7',
  'linux/386',
  'linux/ppc64le',
  'linux/riscv64',
  'linux/s390x',
);
const formats = fixed('json', 'table');

/** By the option's name; every other value is the shell's. */
const valueSources: Readonly<Record<string, Source>> = {
  network: both(networks, fixed('none', 'host')),
  net: both(networks, fixed('none', 'host')),
  platform: platforms,
  pull: fixed('always', 'missing', 'never'),
  restart: fixed('no', 'always', 'on-failure', 'unless-stopped'),
  signal: fixed('SIGHUP', 'SIGINT', 'SIGKILL', 'SIGQUIT', 'SIGTERM', 'SIGUSR1', 'SIGUSR2'),
  'stop-signal': fixed('SIGHUP', 'SIGINT', 'SIGKILL', 'SIGQUIT', 'SIGTERM', 'SIGUSR1', 'SIGUSR2'),
  format: formats,
  'volumes-from': containers('all'),
};

const valuesOf = async (option: Option, { host }: Place, prefix: string): Promise<Completion> => {
  const source = Object.hasOwn(valueSources, option.name) ? valueSources[option.name] : undefined;
  if (source === undefined) return option.kind === 'boolean' ? [] : 'files';
  return (await source(host)).map((candidate) => ({ ...candidate, word: `${prefix}${candidate.word}` }));
};

/** Which containers a command can do something with; others take all. */
const containerChoice: Readonly<Record<string, Wanted>> = {
  attach: 'running',
  exec: 'running',
  kill: 'running',
  pause: 'running',
  port: 'running',
  start: 'stopped',
  stats: 'running',
  stop: 'running',
  top: 'running',
};

/** The word of the usage that stands for the argument at the cursor: `CONTAINER [CONTAINER...]`, `IMAGE [COMMAND] [ARG...]` */
const argumentAt = async ({ entry, command, host }: Place, index: number): Promise<Completion> => {
  const words = command.usage.split(' ').map((word) => word.replace(/[[\]]/g, ''));
  const last = words.at(-1) ?? '';
  const word = words[index] ?? (last.endsWith('...') ? last : '');
  const source = sourceOf(word.replace(/\.\.\.$/, ''), shortName(entry));
  if (source === undefined) return word === '' ? [] : 'files';
  return [...(await source(host)), ...(index === 0 ? partsOf(shortName(entry)) : [])];
};

const sourceOf = (word: string, command: string): Source | undefined => {
  switch (word) {
    case 'CONTAINER':
      return containers(containerChoice[command] ?? 'all');
    case 'IMAGE':
    case 'NAME:TAG':
    case 'NAME:TAG|@DIGEST':
    case 'MANIFEST':
    case 'REPOSITORY:TAG':
    case 'SOURCE_IMAGE:TAG':
    case 'TARGET_IMAGE:TAG':
      return images;
    case 'NAME|ID':
      return both(containers('all'), images);
    case 'NETWORK':
      return networks;
    case 'SERVER':
    case 'TERM':
      return fixed();
    case 'bash|zsh|fish':
      return fixed('bash', 'zsh', 'fish');
    default:
      return undefined;
  }
};
