// SPDX-License-Identifier: Apache-2.0
// sampan port rm

import type { Command } from '../../command.js';
import { withEngine } from '../../host.js';
import { publishOption, wantedPorts } from './port-shared.js';

const unpublish = publishOption(
  'take a port back ([address:][host port:]container port[/udp]); what is left out matches every place',
);

export const command: Command = {
  usage: 'CONTAINER',
  options: [unpublish],
  minimumArgs: 1,
  maximumArgs: 1,
  run: async (input) => {
    await withEngine(input.host, (engine) =>
      engine.containers.withdraw(input.args[0] ?? '', wantedPorts(input, unpublish)),
    );
    return 0;
  },
};
