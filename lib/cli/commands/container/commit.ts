// SPDX-License-Identifier: Apache-2.0
// sampan commit

import { asGiven, booleanOption, listOption, stringOption } from '../../../options/option.js';
import type { Command } from '../../command.js';
import { withEngine } from '../../host.js';

const author = stringOption({
  name: 'author',
  short: 'a',
  group: 'general',
  describe: "author, for example 'Jo Doe <jo@example.com>'",
});
const change = listOption({
  name: 'change',
  short: 'c',
  group: 'general',
  describe: 'Dockerfile instruction for the image: CMD, ENTRYPOINT, ENV, LABEL, USER, WORKDIR, ...',
  read: asGiven,
});
const message = stringOption({ name: 'message', short: 'm', group: 'general', describe: 'comment for the history' });
const pause = booleanOption({
  name: 'pause',
  short: 'p',
  group: 'general',
  describe: 'pause the container while it is read',
  defaultText: 'true',
});

export const command: Command = {
  usage: 'CONTAINER [REPOSITORY[:TAG]]',
  options: [author, change, message, pause],
  minimumArgs: 1,
  maximumArgs: 2,
  run: async ({ values, args: [container = '', reference], host }) => {
    const [by, comment] = [values.get(author), values.get(message)];
    const { id, warnings } = await withEngine(host, (engine) =>
      engine.containers.commit(container, {
        changes: values.get(change) ?? [],
        pause: values.get(pause) !== false,
        ...(by === undefined ? {} : { author: by }),
        ...(comment === undefined ? {} : { message: comment }),
        ...(reference === undefined ? {} : { reference }),
      }),
    );
    await host.stdout.write(`${id}\n`);
    for (const warning of warnings) await host.stderr.write(`WARNING: ${warning}\n`);
    return 0;
  },
};
