// SPDX-License-Identifier: Apache-2.0
// sampan search

import { sampanError } from '../../../errors/sampan-error.js';
import { parseInteger, valueOption } from '../../../options/option.js';
import type { Command } from '../../command.js';
import { withEngine } from '../../host.js';
import { interruptible } from '../../interrupt.js';
import { formatList } from '../../output/list-format.js';
import { searchRow, searchShape } from '../../output/search-row.js';
import { filterOption, filtersOf, formatOption, noTruncOption } from '../shared.js';

const defaultLimit = 25;
const largestLimit = 100;

const limitOption = valueOption({
  name: 'limit',
  kind: 'int',
  group: 'general',
  describe: `show so many results at most, up to ${String(largestLimit)}`,
  defaultText: String(defaultLimit),
  read: parseInteger,
});

export const command: Command = {
  usage: 'TERM',
  options: [filterOption, formatOption, limitOption, noTruncOption],
  minimumArgs: 1,
  maximumArgs: 1,
  run: ({ values, args: [term = ''], host }) =>
    interruptible(host, async (signal) => {
      // docker's 0 is its default
      const limit = values.get(limitOption) || defaultLimit;
      if (limit < 0 || limit > largestLimit)
        throw sampanError('ERR_ARGUMENTS', {
          subject: `--limit ${String(limit)} is not between 1 and ${String(largestLimit)}`,
        });
      const format = values.get(formatOption);
      const { kind, results } = await withEngine(host, (engine) =>
        engine.registries.search(term, { limit, filters: filtersOf(values), signal }),
      );
      const json = format === 'json' || /\{\{\s*json\s+\.\s*\}\}/.test(format ?? '');
      const rows = results.map((result) => searchRow(result, { truncate: values.get(noTruncOption) !== true, json }));
      await host.stdout.write(formatList(rows, searchShape(kind), format));
      return 0;
    }),
};
