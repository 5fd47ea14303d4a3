// SPDX-License-Identifier: Apache-2.0
// sampan port

import { sampanError } from '../../../errors/sampan-error.js';
import { InvalidArgument } from '../../../options/option.js';
import { readExpose } from '../../../options/parse/ports.js';
import { portKey, type PublishedPort } from '../../../spec/ports.js';
import type { Command } from '../../command.js';
import { withEngine } from '../../host.js';
import { placeList, placeOf, sortedPlaces } from '../../output/ports.js';

export const command: Command = {
  usage: 'CONTAINER [PORT[/PROTO]]',
  options: [],
  minimumArgs: 1,
  maximumArgs: 2,
  run: ({ args: [name = '', wanted], host }) =>
    withEngine(host, async (engine) => {
      const published = await engine.containers.ports(name);
      await host.stdout.write(wanted === undefined ? placeList(published) : addressesOf(published, wanted, name));
      return 0;
    }),
};

const addressesOf = (published: readonly PublishedPort[], wanted: string, name: string): string => {
  const [port, ...more] = readExpose(wanted);
  if (port === undefined || more.length > 0) throw new InvalidArgument(`invalid port: ${wanted}`);
  const places = sortedPlaces(published).filter((candidate) => portKey(candidate) === portKey(port));
  if (places.length > 0) return places.map((place) => `${placeOf(place)}\n`).join('');
  throw sampanError('ERR_NOT_PUBLISHED', {
    subject: `${portKey(port)} of ${name}`,
    hint: `'sampan port ${name}' lists the ports that are`,
  });
};
