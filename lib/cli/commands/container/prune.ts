// SPDX-License-Identifier: Apache-2.0
// sampan container prune

import type { Command } from '../../command.js';
import { withEngine } from '../../host.js';
import {
  containersText,
  isConfirmed,
  pruneFilterOption,
  pruneFiltersOf,
  pruneForceOption,
  reclaimedText,
} from '../prune-shared.js';

export const command: Command = {
  usage: '',
  options: [pruneFilterOption, pruneForceOption],
  minimumArgs: 0,
  maximumArgs: 0,
  run: async ({ values, host }) => {
    if (!(await isConfirmed(host, values, 'WARNING! This will remove all stopped containers.'))) return 0;
    const report = await withEngine(host, (engine) => engine.containers.prune({ filters: pruneFiltersOf(values) }));
    await host.stdout.write(`${containersText(report)}${reclaimedText(report.reclaimedBytes)}`);
    return 0;
  },
};
