// SPDX-License-Identifier: Apache-2.0
// sampan image prune

import { booleanOption } from '../../../options/option.js';
import type { Command } from '../../command.js';
import { withEngine } from '../../host.js';
import {
  imagesText,
  isConfirmed,
  pruneFilterOption,
  pruneFiltersOf,
  pruneForceOption,
  reclaimedText,
} from '../prune-shared.js';

const all = booleanOption({
  name: 'all',
  short: 'a',
  group: 'general',
  describe: 'remove all images that no container was made from, not only those without a name',
});

export const command: Command = {
  usage: '',
  options: [all, pruneFilterOption, pruneForceOption],
  minimumArgs: 0,
  maximumArgs: 0,
  run: async ({ values, host }) => {
    const isAll = values.get(all) === true;
    const what = isAll ? 'all images without at least one container associated to them' : 'all dangling images';
    if (!(await isConfirmed(host, values, `WARNING! This will remove ${what}.`))) return 0;
    const report = await withEngine(host, (engine) =>
      engine.images.prune({ all: isAll, filters: pruneFiltersOf(values) }),
    );
    await host.stdout.write(`${imagesText(report)}${reclaimedText(report.reclaimedBytes)}`);
    return 0;
  },
};
