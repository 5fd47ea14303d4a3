// SPDX-License-Identifier: Apache-2.0
// From words to a command: global flags, the registry, flags and arguments of the command, and the exit code of
// whatever goes wrong.

import { sampanError } from '../errors/sampan-error.js';
import type { Option } from '../options/option.js';
import { scan, type OptionValues } from '../options/scan.js';
import { nearest } from '../util/nearest.js';
import type { Command } from './command.js';
import { exitCodeOf } from './exit-code.js';
import { globalOptions, helpOption, versionOption } from './global-options.js';
import type { Host } from './host.js';
import { findCommand, registry, type CommandEntry, type Noun } from './registry.js';

const rootRules = { options: globalOptions, interspersed: false, command: 'sampan' };

/** Runs one command line; errors are thrown as CommandFailure, which knows its exit code. */
export const dispatch = async (words: readonly string[], host: Host): Promise<number> => {
  if (words[0] === '__complete') return completeWords(words.slice(1), host);
  const { values, rest } = await failing(undefined, async () => scan(words, rootRules));
  if (values.get(versionOption) === true) return showVersion(host);
  if (rest[0] === 'help') return showHelp(rest.slice(1), host);
  if (rest.length === 0 || values.get(helpOption) === true) return showHelp(rest, host);
  const found = findCommand(rest);
  switch (found.kind) {
    case 'command':
      return runCommand(found.entry, found.typed, found.rest, host);
    case 'noun':
      return nounHelp(found.noun, found.rest, host);
    case 'unknown':
      return failing(undefined, async () => unknownCommand(found.typed, found.known));
  }
};

/** Whether the words ask for debug output: known before anything else is parsed. */
export const asksForDebug = (words: readonly string[], env: Readonly<Record<string, string | undefined>>): boolean => {
  const firstCommand = words.findIndex((word) => !word.startsWith('-'));
  const globals = firstCommand < 0 ? words : words.slice(0, firstCommand);
  return (
    env['SAMPAN_LOG'] === 'debug' ||
    env['SAMPAN_LOG'] === 'trace' ||
    globals.some((word) => word === '--debug' || word === '-D')
  );
};

/** A failure with the exit code that its command gives it. */
export class CommandFailure extends Error {
  constructor(
    override readonly cause: unknown,
    readonly exitCode: number,
  ) {
    super('the command failed', { cause });
  }
}

const failing = async <T>(command: Command | undefined, work: () => Promise<T>): Promise<T> => {
  try {
    return await work();
  } catch (error) {
    if (error instanceof CommandFailure) throw error;
    throw new CommandFailure(error, exitCodeOf(error, command?.failsWith125 === true));
  }
};

const runCommand = async (
  entry: CommandEntry,
  typed: string,
  words: readonly string[],
  host: Host,
): Promise<number> => {
  const { command } = await entry.load();
  const name = `sampan ${typed}`;
  return failing(command, async () => {
    const interspersed = command.flagsEndAtArgument !== true;
    const { values, rest } = scan(words, { options: withHelp(command.options), interspersed, command: name });
    if (asksForHelp(values)) return commandHelp(entry, host);
    checkCount(command, rest.length, name);
    host.debug('command', { name, args: rest });
    return command.run({ values, args: rest, host, name });
  });
};

/** -h is --help wherever a command has no -h of its own (run: --hostname). */
const withHelp = (options: readonly Option[]): readonly Option[] => [
  ...options,
  options.some(({ short }) => short === 'h') ? longHelp : helpOption,
];
const longHelp: Option<boolean> = { ...helpOption, short: undefined };
const asksForHelp = (values: OptionValues): boolean => values.get(helpOption) === true || values.get(longHelp) === true;

const checkCount = ({ minimumArgs, maximumArgs }: Command, count: number, name: string): void => {
  if (count >= minimumArgs && count <= (maximumArgs ?? Infinity)) return;
  const plural = (number: number): string => `${String(number)} argument${number === 1 ? '' : 's'}`;
  const wanted =
    maximumArgs === 0
      ? 'accepts no arguments'
      : maximumArgs === minimumArgs
        ? `requires ${plural(minimumArgs)}`
        : count < minimumArgs
          ? `requires at least ${plural(minimumArgs)}`
          : `requires at most ${plural(maximumArgs ?? 0)}`;
  throw sampanError('ERR_ARGUMENTS', { subject: `'${name}' ${wanted}`, hint: `see '${name} --help'` });
};

const unknownCommand = (typed: string, known: readonly string[]): never => {
  const near = nearest(typed, known);
  throw sampanError('ERR_UNKNOWN_COMMAND', {
    subject: `sampan ${typed}`,
    hint: `${near === undefined ? '' : `did you mean 'sampan ${near}'? `}'sampan --help' lists the commands`,
  });
};

/** What the completion scripts of shells ask. */
const completeWords = async (words: readonly string[], host: Host): Promise<number> => {
  const { runComplete } = await import('./completion/run.js');
  return failing(undefined, () => runComplete(words, host));
};

// ---- help ----------------------------------------------------------------------------------------------------------

const showVersion = async (host: Host): Promise<number> => {
  const { versionLine } = await import('./version.js');
  await host.stdout.write(versionLine);
  return 0;
};

const showHelp = async (words: readonly string[], host: Host): Promise<number> => {
  if (words.length === 0) {
    const { rootHelp } = await import('./help.js');
    await host.stdout.write(rootHelp());
    return 0;
  }
  const found = findCommand(words);
  if (found.kind === 'command') return commandHelp(found.entry, host);
  if (found.kind === 'noun') return nounHelp(found.noun, [], host);
  return failing(undefined, async () => unknownCommand(found.typed, found.known));
};

const commandHelp = async (entry: CommandEntry, host: Host): Promise<number> => {
  const [{ commandHelpText }, { command }] = await Promise.all([import('./help.js'), entry.load()]);
  await host.stdout.write(commandHelpText(entry, command));
  return 0;
};

const nounHelp = async (noun: Noun, words: readonly string[], host: Host): Promise<number> => {
  await failing(undefined, async () =>
    scan(words, { options: [helpOption], interspersed: true, command: `sampan ${noun}` }),
  );
  const { nounHelpText } = await import('./help.js');
  await host.stdout.write(nounHelpText(noun, registry));
  return 0;
};
