// SPDX-License-Identifier: Apache-2.0
// sampan history

import { booleanOption, stringOption } from '../../../options/option.js';
import type { Command } from '../../command.js';
import { withEngine } from '../../host.js';
import { historyRow, historyShape } from '../../output/history-row.js';
import { formatList } from '../../output/list-format.js';
import { formatOption, noTruncOption } from '../shared.js';

const human = booleanOption({
  name: 'human',
  short: 'H',
  group: 'general',
  describe: 'sizes and times as people say them',
  defaultText: 'true',
});
const platform = stringOption({
  name: 'platform',
  group: 'general',
  describe: 'of this platform of the image (os/arch[/variant])',
});
const quiet = booleanOption({ name: 'quiet', short: 'q', group: 'general', describe: 'show ids only' });

export const command: Command = {
  usage: 'IMAGE',
  options: [formatOption, human, noTruncOption, platform, quiet],
  minimumArgs: 1,
  maximumArgs: 1,
  run: async ({ values, args: [image = ''], host }) => {
    const wanted = values.get(platform);
    const entries = await withEngine(host, (engine) =>
      engine.images.history(image, wanted === undefined ? {} : { platform: wanted }),
    );
    const isHuman = values.get(human) !== false;
    const truncate = values.get(noTruncOption) !== true;
    const rows = entries.map((entry) => historyRow(entry, { now: host.now(), truncate, human: isHuman }));
    const format = values.get(quiet) === true ? '{{.ID}}' : values.get(formatOption);
    await host.stdout.write(formatList(rows, historyShape(isHuman), format));
    return 0;
  },
};
