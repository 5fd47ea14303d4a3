// SPDX-License-Identifier: Apache-2.0
// sampan export

import { stringOption } from '../../../options/option.js';
import type { Command } from '../../command.js';
import { withEngine } from '../../host.js';
import { checkOutput, writeOutput } from '../../output-file.js';

const output = stringOption({ name: 'output', short: 'o', group: 'general', describe: 'write to a file, not stdout' });

export const command: Command = {
  usage: 'CONTAINER',
  options: [output],
  minimumArgs: 1,
  maximumArgs: 1,
  run: async ({ values, args: [container = ''], host }) => {
    const path = values.get(output);
    checkOutput(host, path);
    return withEngine(host, async (engine) => {
      const archive = await engine.containers.export(container);
      const exitCode = await writeOutput(host, path, archive);
      for (const warning of archive.warnings()) await host.stderr.write(`WARNING: ${warning}\n`);
      return exitCode;
    });
  },
};
