// SPDX-License-Identifier: Apache-2.0
// sampan push

import { parseReference, repositoryOf } from '../../../image/reference.js';
import type { Command } from '../../command.js';
import { withEngine } from '../../host.js';
import { interruptible } from '../../interrupt.js';
import { openTransferOutput } from '../../output/transfer-output.js';
import { allTagsOption, contentTrustOption, quietOption } from './transfer-options.js';

const allTags = allTagsOption('push all tags of the repository');

export const command: Command = {
  usage: 'NAME[:TAG]',
  options: [allTags, contentTrustOption, quietOption],
  minimumArgs: 1,
  maximumArgs: 1,
  run: ({ values, args: [name = ''], host }) =>
    interruptible(host, (signal) =>
      withEngine(host, async (engine) => {
        const [all, quiet] = [values.get(allTags) === true, values.get(quietOption) === true];
        const reference = parseReference(name);
        await using output = openTransferOutput({
          ...{ direction: 'push', messages: host.stdout, layers: host.stderr, terminal: host.terminal, quiet },
        });
        if (!all && reference.tag === undefined) output.print('Using default tag: latest\n');
        output.print(`The push refers to repository [${repositoryOf(reference)}]\n`);
        const report = await engine.images.push(name, { allTags: all, onEvent: output.onEvent, signal });
        await output[Symbol.asyncDispose]();
        if (quiet) await host.stdout.write(`${report.reference}\n`);
        return 0;
      }),
    ),
};
