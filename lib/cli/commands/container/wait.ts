// SPDX-License-Identifier: Apache-2.0
// sampan wait

import type { Command } from '../../command.js';
import { forEachName } from '../shared.js';

export const command: Command = {
  usage: 'CONTAINER [CONTAINER...]',
  options: [],
  minimumArgs: 1,
  run: ({ args, host }) =>
    forEachName(args, host, async (engine, name) => `${String(await engine.containers.wait(name))}\n`),
};
