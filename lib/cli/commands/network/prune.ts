// SPDX-License-Identifier: Apache-2.0
// sampan network prune

import type { Command } from '../../command.js';
import { withEngine } from '../../host.js';
import { isConfirmed, networksText, pruneFilterOption, pruneFiltersOf, pruneForceOption } from '../prune-shared.js';

const warning = 'WARNING! This will remove all custom networks not used by at least one container.';

export const command: Command = {
  usage: '',
  options: [pruneFilterOption, pruneForceOption],
  minimumArgs: 0,
  maximumArgs: 0,
  run: async ({ values, host }) => {
    if (!(await isConfirmed(host, values, warning))) return 0;
    const names = await withEngine(host, (engine) => engine.networks.prune(pruneFiltersOf(values)));
    await host.stdout.write(networksText(names));
    return 0;
  },
};
