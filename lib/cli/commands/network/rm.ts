// SPDX-License-Identifier: Apache-2.0
// sampan network rm

import { isSampanError } from '../../../errors/sampan-error.js';
import type { Command } from '../../command.js';
import { forceOption, forEachName } from '../shared.js';

const force = forceOption('a network that does not exist is no error');

export const command: Command = {
  usage: 'NETWORK [NETWORK...]',
  options: [force],
  minimumArgs: 1,
  run: ({ values, args, host }) =>
    forEachName(args, host, async (engine, name) => {
      try {
        await engine.networks.remove(name);
        return `${name}\n`;
      } catch (error) {
        if (values.get(force) === true && isSampanError(error, 'ERR_NETWORK_NOT_FOUND')) return undefined;
        throw error;
      }
    }),
};
