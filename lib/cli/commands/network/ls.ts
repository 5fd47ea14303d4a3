// SPDX-License-Identifier: Apache-2.0
// sampan network ls

import { booleanOption } from '../../../options/option.js';
import type { Command } from '../../command.js';
import { withEngine } from '../../host.js';
import { formatList } from '../../output/list-format.js';
import { networkRow, networkShape } from '../../output/network-row.js';
import { filterOption, filtersOf, formatOption, noTruncOption } from '../shared.js';

const quiet = booleanOption({ name: 'quiet', short: 'q', group: 'general', describe: 'show ids only' });

export const command: Command = {
  usage: '',
  options: [filterOption, formatOption, noTruncOption, quiet],
  minimumArgs: 0,
  maximumArgs: 0,
  run: async ({ values, host }) => {
    const summaries = await withEngine(host, (engine) => engine.networks.list(filtersOf(values)));
    const rows = summaries.map((summary) => networkRow(summary, { truncate: values.get(noTruncOption) !== true }));
    const format = values.get(formatOption);
    const wanted = values.get(quiet) === true && format === undefined ? '{{.ID}}' : format;
    await host.stdout.write(formatList(rows, networkShape, wanted));
    return 0;
  },
};
