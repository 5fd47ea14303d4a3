// SPDX-License-Identifier: Apache-2.0
// What a command is: data for parsing and help, and a function that turns values into engine calls and text.

import type { Option } from '../options/option.js';
import type { OptionValues } from '../options/scan.js';
import type { Host } from './host.js';

export interface CommandInput {
  readonly values: OptionValues;
  /** what is not a flag */
  readonly args: readonly string[];
  readonly host: Host;
  /** as the user may type it: `sampan run` */
  readonly name: string;
}

export interface Command {
  /** the arguments, for help: `IMAGE [COMMAND] [ARG...]` */
  readonly usage: string;
  readonly options: readonly Option[];
  readonly minimumArgs: number;
  /** absent: any number */
  readonly maximumArgs?: number;
  /** flags end at the first plain argument, because what follows belongs to the container */
  readonly flagsEndAtArgument?: boolean;
  /** run alone: every failure of the engine exits 125, so that the command's own codes can be told apart */
  readonly failsWith125?: boolean;
  /** resolves with the exit code */
  readonly run: (input: CommandInput) => Promise<number>;
}
