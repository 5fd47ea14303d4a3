// SPDX-License-Identifier: Apache-2.0
// sampan network inspect

import type { Command } from '../../command.js';
import { inspectObjects } from '../inspect-objects.js';
import { inspectFormatOption } from '../shared.js';

export const command: Command = {
  usage: 'NETWORK [NETWORK...]',
  options: [inspectFormatOption],
  minimumArgs: 1,
  run: ({ values, args, host }) =>
    inspectObjects({
      names: args,
      format: values.get(inspectFormatOption),
      host,
      find: (engine, name) => engine.networks.inspect(name),
    }),
};
