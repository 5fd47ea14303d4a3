// SPDX-License-Identifier: Apache-2.0
// sampan logout

import type { Command } from '../../command.js';
import { withEngine } from '../../host.js';

export const command: Command = {
  usage: '[SERVER]',
  options: [],
  minimumArgs: 0,
  maximumArgs: 1,
  run: ({ args: [server = ''], host }) =>
    withEngine(host, async (engine) => {
      const { registry, places } = await engine.registries.logout(server);
      await host.stdout.write(
        places.length === 0 ? `Not logged in to ${registry}\n` : `Removing login credentials for ${registry}\n`,
      );
      return 0;
    }),
};
