// SPDX-License-Identifier: Apache-2.0
// sampan images

import { booleanOption } from '../../../options/option.js';
import type { Command } from '../../command.js';
import { withEngine } from '../../host.js';
import { imageRow, imageShape } from '../../output/image-row.js';
import { formatList } from '../../output/list-format.js';
import { filterOption, filtersOf, formatOption, noTruncOption } from '../shared.js';

const all = booleanOption({
  name: 'all',
  short: 'a',
  group: 'general',
  describe: 'show all images, also those without a name',
});
const digests = booleanOption({ name: 'digests', group: 'general', describe: 'show digests' });
const quiet = booleanOption({ name: 'quiet', short: 'q', group: 'general', describe: 'show ids only' });

export const command: Command = {
  usage: '[REPOSITORY[:TAG]]',
  options: [all, digests, filterOption, formatOption, noTruncOption, quiet],
  minimumArgs: 0,
  maximumArgs: 1,
  run: async ({ values, args: [reference], host }) => {
    const summaries = await withEngine(host, (engine) =>
      engine.images.list({
        all: values.get(all) === true,
        filters: filtersOf(values),
        ...(reference === undefined ? {} : { reference }),
      }),
    );
    const rows = summaries.map((summary) =>
      imageRow(summary, { now: host.now(), truncate: values.get(noTruncOption) !== true }),
    );
    const format = values.get(formatOption);
    const wanted = values.get(quiet) === true && format === undefined ? '{{.ID}}' : format;
    await host.stdout.write(formatList(rows, imageShape(values.get(digests) === true), wanted));
    return 0;
  },
};
