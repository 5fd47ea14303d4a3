// SPDX-License-Identifier: Apache-2.0
// sampan rm

import { isSampanError, sampanError } from '../../../errors/sampan-error.js';
import { booleanOption, type Option } from '../../../options/option.js';
import type { Command } from '../../command.js';
import { forceOption, forEachName } from '../shared.js';

const force = forceOption('remove a running container too (it is killed)');
/** No container has anonymous volumes yet: all of them go with it. */
const volumes = booleanOption({
  name: 'volumes',
  short: 'v',
  group: 'general',
  describe: "remove the container's anonymous volumes too",
});
const link: Option = {
  ...booleanOption({
    name: 'link',
    short: 'l',
    group: 'general',
    describe: 'not supported yet',
    hidden: true,
    unsupported: true,
  }),
  parse: () => {
    throw sampanError('ERR_NOT_SUPPORTED', { subject: '--link', hint: 'links are not supported: leave it out' });
  },
};

export const command: Command = {
  usage: 'CONTAINER [CONTAINER...]',
  options: [force, link, volumes],
  minimumArgs: 1,
  run: ({ values, args, host }) => {
    const forced = values.get(force) === true;
    return forEachName(args, host, async (engine, name) => {
      try {
        await engine.containers.remove(name, { force: forced });
        return `${name}\n`;
      } catch (error) {
        if (!forced || !isSampanError(error, 'ERR_CONTAINER_NOT_FOUND')) throw error;
        // docker's rm -f is content when there is nothing, but says so.
        await host.stderr.write(`sampan: ${error.message}\n`);
        return undefined;
      }
    });
  },
};
