// SPDX-License-Identifier: Apache-2.0
// sampan completion

import { sampanError } from '../../errors/sampan-error.js';
import type { Command } from '../command.js';
import { scripts, type Shell } from '../completion/scripts.js';

export const command: Command = {
  usage: 'bash|zsh|fish',
  options: [],
  minimumArgs: 1,
  maximumArgs: 1,
  run: async ({ args: [shell = ''], host }) => {
    if (!isShell(shell))
      throw sampanError('ERR_ARGUMENTS', {
        subject: `no completion for ${shell}`,
        hint: `the shells are ${Object.keys(scripts).join(', ')}`,
      });
    await host.stdout.write(scripts[shell]);
    return 0;
  },
};

const isShell = (text: string): text is Shell => Object.hasOwn(scripts, text);
