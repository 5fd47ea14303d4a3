// SPDX-License-Identifier: Apache-2.0
// sampan port add

import type { Command } from '../../command.js';
import { withEngine } from '../../host.js';
import { placeList } from '../../output/ports.js';
import { publishOption, wantedPorts } from './port-shared.js';

const publish = publishOption('publish a port on the host ([address:][host port:]container port[/udp], ranges too)');

export const command: Command = {
  usage: 'CONTAINER',
  options: [publish],
  minimumArgs: 1,
  maximumArgs: 1,
  run: (input) =>
    withEngine(input.host, async (engine) => {
      const published = await engine.containers.publish(input.args[0] ?? '', wantedPorts(input, publish));
      await input.host.stdout.write(placeList(published));
      return 0;
    }),
};
