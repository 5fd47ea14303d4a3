// SPDX-License-Identifier: Apache-2.0
// sampan diff

import type { Command } from '../../command.js';
import { withEngine } from '../../host.js';

const letters = { added: 'A', changed: 'C', deleted: 'D' } as const;

export const command: Command = {
  usage: 'CONTAINER',
  options: [],
  minimumArgs: 1,
  maximumArgs: 1,
  run: async ({ args: [container = ''], host }) => {
    const changes = await withEngine(host, (engine) => engine.containers.diff(container));
    await host.stdout.write(changes.map(({ kind, path }) => `${letters[kind]} ${path}\n`).join(''));
    return 0;
  },
};
