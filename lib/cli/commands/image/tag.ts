// SPDX-License-Identifier: Apache-2.0
// sampan tag

import type { Command } from '../../command.js';
import { withEngine } from '../../host.js';

export const command: Command = {
  usage: 'SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]',
  options: [],
  minimumArgs: 2,
  maximumArgs: 2,
  run: ({ args: [source = '', target = ''], host }) =>
    withEngine(host, async (engine) => {
      await engine.images.tag(source, target);
      return 0;
    }),
};
