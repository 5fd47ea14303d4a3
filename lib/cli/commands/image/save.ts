// SPDX-License-Identifier: Apache-2.0
// sampan save

import type { ArchiveFormat } from '../../../engine/contract.js';
import { InvalidArgument, stringOption, valueOption } from '../../../options/option.js';
import type { Command } from '../../command.js';
import { withEngine } from '../../host.js';
import { checkOutput, writeOutput } from '../../output-file.js';

const formats: readonly ArchiveFormat[] = ['docker', 'docker-archive', 'oci-archive'];

const readFormat = (text: string): ArchiveFormat => {
  const format = formats.find((one) => one === text);
  if (format === undefined) throw new InvalidArgument(`must be one of ${formats.join(', ')}`);
  return format;
};

const format = valueOption({
  name: 'format',
  kind: 'string',
  group: 'general',
  describe: "'docker' (both in one), 'docker-archive' or 'oci-archive'",
  defaultText: 'docker',
  read: readFormat,
});
const output = stringOption({ name: 'output', short: 'o', group: 'general', describe: 'write to a file, not stdout' });
const platform = stringOption({
  name: 'platform',
  group: 'general',
  describe: 'only this platform of the images (os/arch[/variant])',
});

export const command: Command = {
  usage: 'IMAGE [IMAGE...]',
  options: [format, output, platform],
  minimumArgs: 1,
  run: async ({ values, args, host }) => {
    const path = values.get(output);
    checkOutput(host, path);
    const wanted = values.get(platform);
    return withEngine(host, async (engine) => {
      const archive = await engine.images.save(args, {
        format: values.get(format) ?? 'docker',
        ...(wanted === undefined ? {} : { platform: wanted }),
      });
      return writeOutput(host, path, archive);
    });
  },
};
