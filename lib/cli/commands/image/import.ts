// SPDX-License-Identifier: Apache-2.0
// sampan import

import { sampanError } from '../../../errors/sampan-error.js';
import { asGiven, listOption, stringOption } from '../../../options/option.js';
import type { Command } from '../../command.js';
import { withEngine } from '../../host.js';
import { openInput } from '../../input-file.js';

const change = listOption({
  name: 'change',
  short: 'c',
  group: 'general',
  describe: 'Dockerfile instruction for the image: CMD, ENTRYPOINT, ENV, LABEL, USER, WORKDIR, ...',
  read: asGiven,
});
const message = stringOption({
  name: 'message',
  short: 'm',
  group: 'general',
  describe: 'comment for the history of the image',
});
const platform = stringOption({
  name: 'platform',
  group: 'general',
  describe: 'platform of the image (os/arch[/variant])',
});

export const command: Command = {
  usage: 'FILE|- [REPOSITORY[:TAG]]',
  options: [change, message, platform],
  minimumArgs: 1,
  maximumArgs: 2,
  run: async ({ values, args: [file = '', reference], host }) => {
    if (/^https?:\/\//.test(file)) {
      throw sampanError('ERR_NOT_SUPPORTED', {
        subject: `import from ${file}`,
        hint: 'download the archive first, then import the file',
      });
    }
    const source = await openInput(file, host);
    const [comment, wanted] = [values.get(message), values.get(platform)];
    return withEngine(host, async (engine) => {
      const { id } = await engine.images.import({
        source: source.stream,
        changes: values.get(change) ?? [],
        ...(reference === undefined ? {} : { reference }),
        ...(comment === undefined ? {} : { message: comment }),
        ...(wanted === undefined ? {} : { platform: wanted }),
      });
      await host.stdout.write(`${id}\n`);
      return 0;
    }).finally(() => source[Symbol.dispose]());
  },
};
