// SPDX-License-Identifier: Apache-2.0
// sampan kill

import { valueOption } from '../../../options/option.js';
import { readSignal } from '../../../options/parse/limits.js';
import type { Command } from '../../command.js';
import { forEachName } from '../shared.js';

const signal = valueOption({
  name: 'signal',
  short: 's',
  kind: 'string',
  group: 'general',
  describe: 'signal to send',
  defaultText: 'KILL',
  read: readSignal,
});

export const command: Command = {
  usage: 'CONTAINER [CONTAINER...]',
  options: [signal],
  minimumArgs: 1,
  run: ({ values, args, host }) =>
    forEachName(args, host, async (engine, name) => {
      await engine.containers.kill(name, { signal: values.get(signal) ?? 'KILL' });
      return `${name}\n`;
    }),
};
