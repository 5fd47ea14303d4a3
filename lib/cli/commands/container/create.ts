// SPDX-License-Identifier: Apache-2.0
// sampan create

import { createOptions, toCreateRequest } from '../../../options/create-request.js';
import { cidfile, dryRun, quiet } from '../../../options/run/run-options.js';
import { openCidFile } from '../../cid-file.js';
import type { Command } from '../../command.js';
import { withEngine } from '../../host.js';
import { printWarnings } from '../shared.js';
import { printPlan } from './create-shared.js';
import { withImagePull } from './image-pull.js';

export const command: Command = {
  usage: 'IMAGE [COMMAND] [ARG...]',
  options: createOptions,
  minimumArgs: 1,
  flagsEndAtArgument: true,
  run: async ({ values, args, host }) => {
    const [image = '', ...words] = args;
    const request = toCreateRequest({ values, image, command: words, caller: host.caller, detached: false });
    if (values.get(dryRun) !== undefined) return printPlan(request, host);
    using file = openCidFile(values.get(cidfile));
    const isQuiet = values.get(quiet) === true;
    return await withImagePull(host, isQuiet, (pull, settle) =>
      withEngine(host, async (engine) => {
        const { id, warnings } = await engine.containers.create(request, { pull });
        await settle();
        file.write(id);
        if (!isQuiet) await printWarnings(host, warnings);
        await host.stdout.write(`${id}\n`);
        return 0;
      }),
    );
  },
};
