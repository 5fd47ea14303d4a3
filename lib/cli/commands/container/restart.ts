// SPDX-License-Identifier: Apache-2.0
// sampan restart

import type { Command } from '../../command.js';
import { forEachName } from '../shared.js';
import { signalOption, stopOptionsOf, timeOption, timeoutOption } from './stop-options.js';

export const command: Command = {
  usage: 'CONTAINER [CONTAINER...]',
  options: [signalOption, timeOption, timeoutOption],
  minimumArgs: 1,
  run: ({ values, args, host }) =>
    forEachName(args, host, async (engine, name) => {
      await engine.containers.restart(name, stopOptionsOf(values));
      return `${name}\n`;
    }),
};
