// SPDX-License-Identifier: Apache-2.0
// `--change`: Dockerfile instructions that alter the config of an image that is imported (or committed).

import { posix } from 'node:path';
import { sampanError } from '../errors/sampan-error.js';
import { parseSignal } from '../util/signals.js';
import { argvOf, parseCommandForm, parseList } from './command-form.js';
import type { ContainerDefaults } from './config.js';
import { parseHealthcheckInstruction } from './healthcheck.js';
import { expandWord, splitWords, type Variables } from './instruction-words.js';

/** Applied in order; variables are those of ENV so far. @throws ERR_INVALID_VALUE */
export const applyChanges = (defaults: ContainerDefaults, changes: readonly string[]): ContainerDefaults =>
  changes.reduce((current, change) => {
    const [, keyword = '', rest = ''] = /^\s*(\S+)\s*([^]*)$/.exec(change) ?? [];
    const instruction = instructions[keyword.toUpperCase()];
    if (instruction === undefined) {
      throw invalid(change, `a change begins with one of ${Object.keys(instructions).join(', ')}`);
    }
    return instruction({ defaults: current, text: rest.trim(), variables: variablesOf(current.env), change });
  }, defaults);

interface ChangeInput {
  readonly defaults: ContainerDefaults;
  /** what follows the keyword */
  readonly text: string;
  readonly variables: Variables;
  /** the whole, for messages */
  readonly change: string;
}

type Instruction = (input: ChangeInput) => ContainerDefaults;

const commandInstruction =
  (field: 'command' | 'entrypoint'): Instruction =>
  ({ defaults, text, change }) => {
    if (text === '') throw invalid(change, 'it needs a command');
    return { ...defaults, [field]: argvOf(parseCommandForm(text), defaults.shell) };
  };

const instructions: Readonly<Record<string, Instruction>> = {
  CMD: commandInstruction('command'),
  ENTRYPOINT: commandInstruction('entrypoint'),
  ENV: (input) => {
    const env = new Map(input.defaults.env.map((item) => [nameOf(item), item]));
    for (const [name, value] of pairsOf(input)) env.set(name, `${name}=${value}`);
    return { ...input.defaults, env: [...env.values()] };
  },
  LABEL: (input) => ({
    ...input.defaults,
    labels: { ...input.defaults.labels, ...Object.fromEntries(pairsOf(input)) },
  }),
  EXPOSE: (input) => ({
    ...input.defaults,
    exposedPorts: union(
      input.defaults.exposedPorts,
      wordsOf(input).flatMap((word) => portsOf(word, input.change)),
    ),
  }),
  VOLUME: (input) => {
    const volumes = parseList(input.text) ?? wordsOf(input);
    if (volumes.length === 0 || volumes.includes('')) throw invalid(input.change, 'a volume needs a path');
    return { ...input.defaults, volumes: union(input.defaults.volumes, volumes) };
  },
  USER: (input) => ({ ...input.defaults, user: oneWord(input) }),
  WORKDIR: (input) => {
    const path = expandWord(input.text, input.variables);
    if (path === '') throw invalid(input.change, 'it needs a path');
    return { ...input.defaults, workingDir: posix.resolve('/', input.defaults.workingDir, path) };
  },
  STOPSIGNAL: (input) => {
    const stopSignal = oneWord(input);
    parseSignal(stopSignal);
    return { ...input.defaults, stopSignal };
  },
  ONBUILD: ({ defaults, text, change }) => {
    const trigger = /^\S*/.exec(text)?.[0].toUpperCase() ?? '';
    if (['', 'ONBUILD', 'FROM', 'MAINTAINER'].includes(trigger))
      throw invalid(change, `${trigger || 'nothing'} cannot be a trigger`);
    return { ...defaults, onBuild: [...defaults.onBuild, text] };
  },
  HEALTHCHECK: ({ defaults, text }) => ({ ...defaults, healthcheck: parseHealthcheckInstruction(text) }),
};

/** `a=b c="d e"`, or the old form `a the rest`. */
const pairsOf = ({ text, variables, change }: ChangeInput): readonly (readonly [string, string])[] => {
  const words = splitWords(text);
  const [first] = words;
  if (first === undefined) throw invalid(change, 'it needs name=value');
  if (!first.includes('=')) {
    const value = text.slice(first.length).trim();
    if (value === '') throw invalid(change, 'it needs name=value');
    return [[expandWord(first, variables), expandWord(value, variables)]];
  }
  return words.map((word) => {
    const equals = word.indexOf('=');
    const name = expandWord(word.slice(0, Math.max(equals, 0)), variables);
    if (name === '') throw invalid(change, `${word} is not name=value`);
    return [name, expandWord(word.slice(equals + 1), variables)];
  });
};

const wordsOf = ({ text, variables }: ChangeInput): readonly string[] =>
  splitWords(text).map((word) => expandWord(word, variables));

const oneWord = (input: ChangeInput): string => {
  const words = wordsOf(input);
  if (words.length !== 1 || words[0] === undefined || words[0] === '')
    throw invalid(input.change, 'it takes exactly one argument');
  return words[0];
};

const highestPort = 65_535;

/** `80`, `53/udp`, `8000-8010/tcp` */
const portsOf = (word: string, change: string): readonly string[] => {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?(?:\/(tcp|udp|sctp))?$/i.exec(word);
  const first = Number(match?.[1]);
  const last = Number(match?.[2] ?? first);
  if (match === null || first > last || last > highestPort)
    throw invalid(change, `${word} is not a port or a range of ports`);
  const protocol = (match[3] ?? 'tcp').toLowerCase();
  return Array.from({ length: last - first + 1 }, (_, index) => `${String(first + index)}/${protocol}`);
};

const variablesOf = (env: readonly string[]): Variables =>
  new Map(env.map((item) => [nameOf(item), item.slice(nameOf(item).length + 1)]));

const nameOf = (item: string): string => item.split('=', 1)[0] ?? '';

const union = (left: readonly string[], right: readonly string[]): readonly string[] => [
  ...new Set([...left, ...right]),
];

const invalid = (change: string, hint: string): Error =>
  sampanError('ERR_INVALID_VALUE', { subject: `change "${change}"`, hint });
