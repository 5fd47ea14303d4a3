// SPDX-License-Identifier: Apache-2.0
// sampan network inspect

import { booleanOption } from '../../../options/option.js';
import type { Command } from '../../command.js';
import { inspectObjects } from '../inspect-objects.js';
import { inspectFormatOption } from '../shared.js';

const verbose = booleanOption({
  name: 'verbose',
  short: 'v',
  group: 'general',
  describe: 'accepted as docker has it: what it adds is of a swarm',
});

export const command: Command = {
  usage: 'NETWORK [NETWORK...]',
  options: [inspectFormatOption, verbose],
  minimumArgs: 1,
  run: ({ values, args, host }) =>
    inspectObjects({
      names: args,
      format: values.get(inspectFormatOption),
      host,
      find: (engine, name) => engine.networks.inspect(name),
    }),
};
