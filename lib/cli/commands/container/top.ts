// SPDX-License-Identifier: Apache-2.0
// sampan top

import type { Command } from '../../command.js';
import { withEngine } from '../../host.js';
import { alignColumns } from '../../output/table.js';

/** docker's table of processes is wider than its others */
const minimumWidth = 20;

export const command: Command = {
  usage: 'CONTAINER [ps OPTIONS]',
  options: [],
  minimumArgs: 1,
  flagsEndAtArgument: true,
  run: ({ args: [name = '', ...options], host }) =>
    withEngine(host, async (engine) => {
      const { titles, processes } = await engine.containers.top(name, options);
      // a tab in a command would be taken for the next column
      const lines = [titles, ...processes].map((cells) => cells.map((cell) => cell.replaceAll('\t', ' ')).join('\t'));
      await host.stdout.write(alignColumns(lines, { minimumWidth }));
      return 0;
    }),
};
