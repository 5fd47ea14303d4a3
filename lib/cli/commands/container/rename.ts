// SPDX-License-Identifier: Apache-2.0
// sampan rename

import type { Command } from '../../command.js';
import { withEngine } from '../../host.js';

export const command: Command = {
  usage: 'CONTAINER NEW_NAME',
  options: [],
  minimumArgs: 2,
  maximumArgs: 2,
  run: async ({ args: [container = '', name = ''], host }) => {
    await withEngine(host, (engine) => engine.containers.rename(container, name));
    return 0;
  },
};
