// SPDX-License-Identifier: Apache-2.0
// sampan images

import { sampanError } from '../../../errors/sampan-error.js';
import { booleanOption } from '../../../options/option.js';
import type { Command } from '../../command.js';
import { withEngine } from '../../host.js';
import type { OptionValues } from '../../../options/scan.js';
import { imageTreeText } from '../../output/image-tree.js';
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
const tree = booleanOption({
  name: 'tree',
  group: 'general',
  describe: 'show each image once, with its platforms below it',
});

export const command: Command = {
  usage: '[REPOSITORY[:TAG]]',
  options: [all, digests, filterOption, formatOption, noTruncOption, quiet, tree],
  minimumArgs: 0,
  maximumArgs: 1,
  run: async ({ values, args: [reference], host }) => {
    const wantedImages = {
      all: values.get(all) === true,
      filters: filtersOf(values),
      ...(reference === undefined ? {} : { reference }),
    };
    if (values.get(tree) === true) {
      refuseBesideTree(values);
      const trees = await withEngine(host, (engine) => engine.images.tree(wantedImages));
      await host.stdout.write(imageTreeText(trees));
      return 0;
    }
    const summaries = await withEngine(host, (engine) => engine.images.list(wantedImages));
    const rows = summaries.map((summary) =>
      imageRow(summary, { now: host.now(), truncate: values.get(noTruncOption) !== true }),
    );
    const format = values.get(formatOption);
    const wanted = values.get(quiet) === true && format === undefined ? '{{.ID}}' : format;
    await host.stdout.write(formatList(rows, imageShape(values.get(digests) === true), wanted));
    return 0;
  },
};

/** The tree has a form of its own; docker refuses the same ones. */
const refuseBesideTree = (values: OptionValues): void => {
  const asked = [digests, noTruncOption, quiet].find((option) => values.get(option) === true);
  const name = asked?.name ?? (values.get(formatOption) === undefined ? undefined : formatOption.name);
  if (name !== undefined) throw sampanError('ERR_USAGE', { subject: `--${name} is not supported with --tree` });
};
