// SPDX-License-Identifier: Apache-2.0
// sampan pull

import { familiarName, parseReference } from '../../../image/reference.js';
import { stringOption } from '../../../options/option.js';
import type { PullReport } from '../../../engine/contract.js';
import type { Command } from '../../command.js';
import { withEngine } from '../../host.js';
import { interruptible } from '../../interrupt.js';
import { openTransferOutput, pullStatusText } from '../../output/transfer-output.js';
import { allTagsOption, contentTrustOption, quietOption } from './transfer-options.js';

const allTags = allTagsOption('pull all tags of the repository');
const platform = stringOption({
  name: 'platform',
  group: 'general',
  describe: 'platform of the image (os/arch[/variant])',
});

export const command: Command = {
  usage: 'NAME[:TAG|@DIGEST]',
  options: [allTags, contentTrustOption, platform, quietOption],
  minimumArgs: 1,
  maximumArgs: 1,
  run: ({ values, args: [name = ''], host }) =>
    interruptible(host, (signal) =>
      withEngine(host, async (engine) => {
        const [all, quiet, wanted] = [
          values.get(allTags) === true,
          values.get(quietOption) === true,
          values.get(platform),
        ];
        const { tag, digest } = parseReference(name);
        await using output = openTransferOutput({
          ...{ direction: 'pull', messages: host.stdout, layers: host.stderr, terminal: host.terminal, quiet },
          allTags: all,
        });
        if (!all && tag === undefined && digest === undefined) output.print('Using default tag: latest\n');
        const report = await engine.images.pull(name, {
          ...{ allTags: all, onEvent: output.onEvent, signal },
          ...(wanted === undefined ? {} : { platform: wanted }),
        });
        if (all) output.print(pullStatusText(familiarName(parseReference(report.reference)), isAnyNew(report)));
        // after what is drawn, and also when quiet
        await output[Symbol.asyncDispose]();
        await host.stdout.write(`${report.reference}\n`);
        return 0;
      }),
    ),
};

const isAnyNew = ({ images }: PullReport): boolean => images.some(({ isNew }) => isNew);
