// SPDX-License-Identifier: Apache-2.0
// sampan image copy

import { resolve } from 'node:path';
import { parseEndpoint, type Endpoint } from '../../../image/endpoint.js';
import { booleanOption, stringOption } from '../../../options/option.js';
import type { Command } from '../../command.js';
import { withEngine, type Host } from '../../host.js';
import { interruptible } from '../../interrupt.js';
import { checkOutput, writeOutput } from '../../output-file.js';
import { openTransferOutput } from '../../output/transfer-output.js';
import { quietOption } from './transfer-options.js';

const all = booleanOption({
  name: 'all',
  short: 'a',
  group: 'general',
  describe: "every platform of the image, not this machine's alone",
});
const platform = stringOption({
  name: 'platform',
  group: 'general',
  describe: 'copy this platform of the image (os/arch[/variant])',
});

export const command: Command = {
  usage: 'SOURCE DESTINATION',
  options: [all, platform, quietOption],
  minimumArgs: 2,
  maximumArgs: 2,
  run: ({ values, args, host }) => {
    const [from, to] = [endpointOf(args[0] ?? '', host), endpointOf(args[1] ?? '', host)];
    const file = to.kind === 'docker-archive' || to.kind === 'oci-archive' ? to.path : undefined;
    if (file !== undefined) checkOutput(host, file);
    const wanted = values.get(platform);
    return interruptible(host, (signal) =>
      withEngine(host, async (engine) => {
        await using output = openTransferOutput({
          direction: 'copy',
          messages: host.stdout,
          layers: host.stderr,
          terminal: host.terminal,
          quiet: values.get(quietOption) === true,
        });
        const { digest, archive } = await engine.registries.copy(from, to, {
          all: values.get(all) === true,
          onEvent: output.onEvent,
          signal,
          ...(wanted === undefined ? {} : { platform: wanted }),
        });
        const exitCode = archive === undefined ? 0 : await writeOutput(host, file, archive);
        await output[Symbol.asyncDispose]();
        if (exitCode === 0) await host.stdout.write(`${digest}\n`);
        return exitCode;
      }),
    );
  },
};

/** Paths mean what they do where the command was typed. */
const endpointOf = (text: string, host: Host): Endpoint => {
  const endpoint = parseEndpoint(text);
  return endpoint.kind === 'registry' ? endpoint : { ...endpoint, path: resolve(host.caller.cwd, endpoint.path) };
};
