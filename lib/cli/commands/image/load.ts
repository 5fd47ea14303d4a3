// SPDX-License-Identifier: Apache-2.0
// sampan load

import { sampanError } from '../../../errors/sampan-error.js';
import { booleanOption, stringOption } from '../../../options/option.js';
import type { Command } from '../../command.js';
import { withEngine, type Host } from '../../host.js';
import { openInput } from '../../input-file.js';

const input = stringOption({
  name: 'input',
  short: 'i',
  group: 'general',
  describe: 'read from this tar archive instead of stdin',
});
const quiet = booleanOption({ name: 'quiet', short: 'q', group: 'general', describe: 'no progress' });

export const command: Command = {
  usage: '',
  options: [input, quiet],
  minimumArgs: 0,
  maximumArgs: 0,
  run: async ({ values, host }) => {
    const path = values.get(input);
    if (path === undefined && host.terminal.stdinIsTerminal) {
      throw sampanError('ERR_ARGUMENTS', {
        subject: 'requested load from stdin, but stdin is a terminal',
        hint: 'give the archive with -i FILE',
      });
    }
    const notify = values.get(quiet) === true ? () => undefined : progress(host);
    const source = await openInput(path ?? '-', host);
    return withEngine(host, async (engine) => {
      const loaded = await engine.images.load(source.stream, { notify });
      const lines = loaded.map(({ reference, id }) =>
        reference === undefined ? `Loaded image ID: ${id}\n` : `Loaded image: ${reference}\n`,
      );
      await host.stdout.write(lines.join(''));
      return 0;
    }).finally(() => source[Symbol.dispose]());
  },
};

/** For people who watch: a pipe or file gets none. A write that fails says nothing that matters. */
const progress =
  (host: Host) =>
  (message: string): void => {
    if (host.stderr.isTerminal)
      host.stderr.write(`${message}\n`).catch((error: unknown) => host.debug('progress', { error: String(error) }));
  };
