// SPDX-License-Identifier: Apache-2.0
// sampan ps

import { booleanOption, parseInteger, valueOption } from '../../../options/option.js';
import type { Command } from '../../command.js';
import { withEngine } from '../../host.js';
import { containerRow, containerShape } from '../../output/container-row.js';
import { formatList } from '../../output/list-format.js';
import { filterOption, filtersOf, formatOption, noTruncOption } from '../shared.js';

const all = booleanOption({
  name: 'all',
  short: 'a',
  group: 'general',
  describe: 'show all containers, not only running ones',
});
const last = valueOption({
  name: 'last',
  short: 'n',
  kind: 'int',
  group: 'general',
  describe: 'show the last created containers, in all states',
  defaultText: '-1',
  read: parseInteger,
});
const latest = booleanOption({
  name: 'latest',
  short: 'l',
  group: 'general',
  describe: 'show the container created last, in any state',
});
const quiet = booleanOption({ name: 'quiet', short: 'q', group: 'general', describe: 'show ids only' });
const size = booleanOption({ name: 'size', short: 's', group: 'general', describe: 'show sizes' });

export const command: Command = {
  usage: '',
  options: [all, filterOption, formatOption, last, latest, noTruncOption, quiet, size],
  minimumArgs: 0,
  maximumArgs: 0,
  run: async ({ values, host }) => {
    const format = values.get(formatOption);
    const isQuiet = values.get(quiet) === true && format === undefined;
    const sizes = values.get(size) === true || (format !== undefined && /\.Size\b/.test(format));
    const summaries = await withEngine(host, (engine) =>
      engine.containers.list({
        filters: filtersOf(values),
        all: values.get(all) === true,
        last: values.get(latest) === true ? 1 : (values.get(last) ?? -1),
        size: sizes && !isQuiet,
      }),
    );
    const rows = summaries.map((summary) =>
      containerRow(summary, { now: host.now(), truncate: values.get(noTruncOption) !== true }),
    );
    await host.stdout.write(formatList(rows, containerShape(values.get(size) === true), isQuiet ? '{{.ID}}' : format));
    return 0;
  },
};
