// SPDX-License-Identifier: Apache-2.0
// sampan network disconnect

import type { Command } from '../../command.js';
import { withEngine } from '../../host.js';
import { forceOption, printWarnings } from '../shared.js';

const force = forceOption('a container that is not on the network is no error');

export const command: Command = {
  usage: 'NETWORK CONTAINER',
  options: [force],
  minimumArgs: 2,
  maximumArgs: 2,
  run: async ({ values, args: [network = '', container = ''], host }) => {
    const warnings = await withEngine(host, (engine) =>
      engine.networks.disconnect(network, container, { force: values.get(force) === true }),
    );
    await printWarnings(host, warnings);
    return 0;
  },
};
