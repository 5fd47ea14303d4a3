// SPDX-License-Identifier: Apache-2.0
// sampan container inspect

import { booleanOption } from '../../../options/option.js';
import type { Command } from '../../command.js';
import { inspectObjects } from '../inspect-objects.js';
import { inspectFormatOption } from '../shared.js';

const size = booleanOption({
  name: 'size',
  short: 's',
  group: 'general',
  describe: 'with the sizes of the file system',
});

export const command: Command = {
  usage: 'CONTAINER [CONTAINER...]',
  options: [inspectFormatOption, size],
  minimumArgs: 1,
  run: ({ values, args, host }) =>
    inspectObjects({
      names: args,
      format: values.get(inspectFormatOption),
      host,
      find: (engine, name) => engine.containers.inspect(name, { size: values.get(size) === true }),
    }),
};
