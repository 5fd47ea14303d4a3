// SPDX-License-Identifier: Apache-2.0
// What several commands do alike.

import { sampanError } from '../../errors/sampan-error.js';
import type { AttachOptions, Engine, StartOptions } from '../../engine/contract.js';
import { booleanOption, listOption, stringOption } from '../../options/option.js';
import { defaultDetachKeys } from '../../options/parse/detach-keys.js';
import { readFilter } from '../../options/parse/filter.js';
import type { OptionValues } from '../../options/scan.js';
import { withEngine, type Host } from '../host.js';
import { errorText } from '../print-error.js';
import { isBrokenPipe } from '../exit-code.js';

export const formatOption = stringOption({
  name: 'format',
  group: 'general',
  describe: "'json', 'table', 'table TEMPLATE' or a Go template",
});

export const inspectFormatOption = stringOption({
  name: 'format',
  short: 'f',
  group: 'general',
  describe: "'json' or a Go template",
});

export const noTruncOption = booleanOption({
  name: 'no-trunc',
  group: 'general',
  describe: 'show everything in full length',
});

export const filterOption = listOption({
  name: 'filter',
  short: 'f',
  kind: 'filter',
  group: 'general',
  describe: 'show only what matches (key=value)',
  read: readFilter,
});

export const forceOption = (describe: string) =>
  booleanOption({ name: 'force', short: 'f', group: 'general', describe });

export const filtersOf = (values: OptionValues): Readonly<Record<string, readonly string[]>> => {
  const filters: Record<string, string[]> = {};
  for (const [key, value] of values.get(filterOption) ?? []) (filters[key] ??= []).push(value);
  return filters;
};

/** docker's check: a container's terminal needs one here, when stdin is passed on. */
export const requireTerminal = (
  host: Host,
  { tty, stdin }: { readonly tty: boolean; readonly stdin: boolean },
): void => {
  if (!tty || !stdin || host.terminal.stdinIsTerminal) return;
  throw sampanError('ERR_NOT_A_TERMINAL', { subject: 'stdin', hint: 'leave out -t to pass a pipe or file on' });
};

export const startOptions = (host: Host, attach: AttachOptions | undefined, tty: boolean): StartOptions => {
  const terminal = tty ? host.terminal.size() : undefined;
  return { ...(attach === undefined ? {} : { attach }), ...(terminal === undefined ? {} : { terminal }) };
};

/** Keys are typed on a terminal: in a pipe or file the same bytes are data (docker does the same). */
export const detachKeysOf = (given: Uint8Array | undefined, tty: boolean): Uint8Array =>
  tty ? (given ?? defaultDetachKeys) : new Uint8Array();

/**
 * The same work on each of several names, at once; results are printed in order. A failure is printed and the others go
 * on; the exit code is 1 when there was one. A single name's failure is thrown, so that its kind counts.
 */
export const forEachName = async (
  names: readonly string[],
  host: Host,
  work: (engine: Engine, name: string) => Promise<string | undefined>,
): Promise<number> =>
  withEngine(host, async (engine) => {
    const results = await Promise.allSettled(names.map((name) => work(engine, name)));
    let exitCode = 0;
    for (const result of results) {
      if (result.status === 'fulfilled') {
        if (result.value !== undefined) await host.stdout.write(result.value);
        continue;
      }
      if (isBrokenPipe(result.reason) || names.length === 1) throw result.reason;
      await host.stderr.write(errorText(result.reason, { debug: false }));
      exitCode = 1;
    }
    return exitCode;
  });

export const printWarnings = async (host: Host, warnings: readonly string[]): Promise<void> => {
  for (const warning of warnings) await host.stderr.write(`warning: ${warning}\n`);
};
