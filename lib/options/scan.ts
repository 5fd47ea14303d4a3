// SPDX-License-Identifier: Apache-2.0
// Reads flags from argv by the rules of docker's command line (pflag): -it, -itd, -eA=1, -p8080:80, --flag=false,
// values that begin with a dash, `--`. Where flags end at the first plain argument (run, exec), the rest is untouched.

import { sampanError, type SampanError } from '../errors/sampan-error.js';
import { nearest } from '../util/nearest.js';
import { InvalidArgument, type Option } from './option.js';

export interface Scanned {
  /** what was given for each option, absent when nothing was */
  readonly values: OptionValues;
  /** what is not a flag */
  readonly rest: readonly string[];
}

/** Typed access to the values that were given. */
export interface OptionValues {
  get<Value>(option: Option<Value>): Value | undefined;
  /** whether the option was on the command line at all */
  has(option: Option): boolean;
}

export interface ScanRules {
  readonly options: readonly Option[];
  /** false: flags end at the first plain argument */
  readonly interspersed: boolean;
  /** for hints: `sampan run` */
  readonly command: string;
}

/** @throws ERR_USAGE for unknown flags and bad values, ERR_NOT_SUPPORTED for docker's options that are not there yet */
export const scan = (args: readonly string[], rules: ScanRules): Scanned => {
  const scanner = new Scanner(args, rules);
  const rest = scanner.run();
  return { values: parseValues(scanner.texts, rules), rest };
};

class Scanner {
  readonly texts = new Map<Option, string[]>();
  readonly #rest: string[] = [];
  #next = 0;

  constructor(
    readonly args: readonly string[],
    readonly rules: ScanRules,
  ) {}

  run(): readonly string[] {
    for (let arg = this.#take(); arg !== undefined; arg = this.#take()) {
      if (arg === '--') return [...this.#rest, ...this.args.slice(this.#next)];
      if (arg.startsWith('--')) this.#long(arg);
      else if (arg.startsWith('-') && arg !== '-') this.#short(arg);
      else if (this.rules.interspersed) this.#rest.push(arg);
      else return [arg, ...this.args.slice(this.#next)];
    }
    return this.#rest;
  }

  #long(arg: string): void {
    const equals = arg.indexOf('=');
    const name = arg.slice(2, equals < 0 ? undefined : equals);
    const option = this.rules.options.find((known) => known.name === name);
    if (option === undefined) throw this.#unknown(name);
    if (equals >= 0) this.#give(option, arg.slice(equals + 1));
    else if (option.kind === 'boolean') this.#give(option, 'true');
    else this.#give(option, this.#value(`--${name}`));
  }

  #short(arg: string): void {
    for (let at = 1; at < arg.length; at++) {
      const letter = arg[at] ?? '';
      const option = this.rules.options.find((known) => known.short === letter);
      if (option === undefined) {
        throw usage(`unknown shorthand flag: '${letter}' in ${arg}`, this.rules.command);
      }
      const after = arg.slice(at + 1);
      const isLast = (after.length > 1 && after.startsWith('=')) || option.kind !== 'boolean';
      if (!isLast) this.#give(option, 'true');
      else if (after === '') this.#give(option, this.#value(`'${letter}' in ${arg}`));
      else this.#give(option, after.length > 1 && after.startsWith('=') ? after.slice(1) : after);
      if (isLast) return;
    }
  }

  #value(flag: string): string {
    const value = this.#take();
    if (value === undefined) throw usage(`flag needs an argument: ${flag}`, this.rules.command);
    return value;
  }

  #give(option: Option, text: string): void {
    const texts = this.texts.get(option);
    if (texts === undefined) this.texts.set(option, [text]);
    else texts.push(text);
  }

  #take(): string | undefined {
    return this.args[this.#next++];
  }

  #unknown(name: string): SampanError {
    const names = this.rules.options
      .filter(({ hidden, unsupported }) => !hidden && !unsupported)
      .map((known) => known.name);
    const near = nearest(name, names);
    const meant = near === undefined ? '' : `did you mean --${near}? `;
    return usage(`unknown flag: --${name}`, this.rules.command, meant);
  }
}

const usage = (text: string, command: string, meant = ''): SampanError =>
  sampanError('ERR_USAGE', { subject: text, hint: `${meant}see '${command} --help'` });

const parseValues = (texts: ReadonlyMap<Option, readonly string[]>, rules: ScanRules): OptionValues => {
  const values = new Map<Option, unknown>();
  for (const [option, given] of texts) values.set(option, parseValue(option, given, rules));
  return {
    // The map holds for each option what that option's own parser returned.
    get: <Value>(option: Option<Value>) => values.get(option) as Value | undefined,
    has: (option) => values.has(option),
  };
};

const parseValue = (option: Option, given: readonly string[], { command }: ScanRules): unknown => {
  try {
    return option.parse(given);
  } catch (error) {
    if (!(error instanceof InvalidArgument)) throw error;
    throw usage(
      `invalid argument ${JSON.stringify(badText(option, given))} for ${JSON.stringify(flagNames(option))} flag: ${error.message}`,
      command,
    );
  }
};

const flagNames = ({ name, short }: Option): string => `${short === undefined ? '' : `-${short}, `}--${name}`;

/** Which of several values is the bad one: the first that fails alone. */
const badText = (option: Option, given: readonly string[]): string =>
  given.find((text) => {
    try {
      option.parse([text]);
      return false;
    } catch {
      return true; // whatever it is, parse() of all values has just reported it
    }
  }) ?? '';
