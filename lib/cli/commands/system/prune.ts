// SPDX-License-Identifier: Apache-2.0
// sampan system prune

import { sampanError } from '../../../errors/sampan-error.js';
import { booleanOption } from '../../../options/option.js';
import type { OptionValues } from '../../../options/scan.js';
import type { Command } from '../../command.js';
import { withEngine } from '../../host.js';
import {
  containersText,
  imagesText,
  isConfirmed,
  networksText,
  pruneFilterOption,
  pruneFiltersOf,
  pruneForceOption,
  reclaimedText,
} from '../prune-shared.js';

const all = booleanOption({
  name: 'all',
  short: 'a',
  group: 'general',
  describe: 'remove all unused images, not only those without a name',
});
const volumes = booleanOption({ name: 'volumes', group: 'general', describe: 'not supported yet', unsupported: true });

export const command: Command = {
  usage: '',
  options: [all, pruneFilterOption, pruneForceOption, volumes],
  minimumArgs: 0,
  maximumArgs: 0,
  run: async ({ values, host }) => {
    if (values.get(volumes) === true) {
      throw sampanError('ERR_NOT_SUPPORTED', {
        subject: '--volumes',
        hint: 'this version has no volumes yet: leave it out',
      });
    }
    if (!(await isConfirmed(host, values, warning(values)))) return 0;
    const { containers, networks, images, reclaimedBytes } = await withEngine(host, (engine) =>
      engine.system.prune({ all: values.get(all) === true, filters: pruneFiltersOf(values) }),
    );
    const deleted = `${containersText(containers)}${networksText(networks)}${imagesText(images)}`;
    await host.stdout.write(`${deleted}${reclaimedText(reclaimedBytes)}`);
    return 0;
  },
};

const warning = (values: OptionValues): string => {
  const images =
    values.get(all) === true ? 'all images without at least one container associated to them' : 'all dangling images';
  const filters = (values.get(pruneFilterOption) ?? []).map(([key, value]) => `${key}=${value}`).sort();
  return [
    'WARNING! This will remove:',
    '  - all stopped containers',
    '  - all networks not used by at least one container',
    `  - ${images}`,
    '',
    ...(filters.length === 0
      ? []
      : ['  Items to be pruned will be filtered with:', ...filters.map((filter) => `  - ${filter}`), '']),
  ].join('\n');
};
