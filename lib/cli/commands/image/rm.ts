// SPDX-License-Identifier: Apache-2.0
// sampan rmi

import { isSampanError } from '../../../errors/sampan-error.js';
import { booleanOption } from '../../../options/option.js';
import type { Command } from '../../command.js';
import { withEngine } from '../../host.js';
import { errorText } from '../../print-error.js';
import { forceOption } from '../shared.js';

const force = forceOption('remove the image although containers use it');
const noPrune = booleanOption({ name: 'no-prune', group: 'general', describe: 'keep untagged parents' });

export const command: Command = {
  usage: 'IMAGE [IMAGE...]',
  options: [force, noPrune],
  minimumArgs: 1,
  run: ({ values, args, host }) =>
    withEngine(host, async (engine) => {
      const forced = values.get(force) === true;
      let exitCode = 0;
      // One after the other: names of one image decide together when its content goes.
      for (const name of args) {
        try {
          const removed = await engine.images.remove(name, { force: forced, prune: values.get(noPrune) !== true });
          await host.stdout.write(removed.map(removalText).join(''));
        } catch (error) {
          if (!isSampanError(error)) throw error;
          await host.stderr.write(errorText(error, { debug: false }));
          if (!forced || error.code !== 'ERR_IMAGE_NOT_FOUND') exitCode = 1;
        }
      }
      return exitCode;
    }),
};

const removalText = ({ untagged, deleted }: { readonly untagged?: string; readonly deleted?: string }): string =>
  `${untagged === undefined ? '' : `Untagged: ${untagged}\n`}${deleted === undefined ? '' : `Deleted: ${deleted}\n`}`;
