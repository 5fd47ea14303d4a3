// SPDX-License-Identifier: Apache-2.0
// sampan container cleanup: the last act of a monitor whose container was started with --rm, when its client is gone.

import type { Command } from '../../command.js';
import { withEngine } from '../../host.js';

export const command: Command = {
  usage: 'CONTAINER',
  options: [],
  minimumArgs: 1,
  maximumArgs: 1,
  run: ({ args: [id = ''], host }) =>
    withEngine(host, async (engine) => {
      await engine.containers.cleanUp(id);
      return 0;
    }),
};
