// SPDX-License-Identifier: Apache-2.0
// sampan manifest inspect

import type { ManifestEntry, ManifestReport } from '../../../engine/contract.js';
import { booleanOption } from '../../../options/option.js';
import type { Command } from '../../command.js';
import { withEngine } from '../../host.js';
import { interruptible } from '../../interrupt.js';

const verbose = booleanOption({
  name: 'verbose',
  short: 'v',
  group: 'general',
  describe: 'each manifest of an index with its name, descriptor and content',
});

export const command: Command = {
  usage: 'MANIFEST',
  options: [verbose],
  minimumArgs: 1,
  maximumArgs: 1,
  run: ({ values, args: [name = ''], host }) =>
    interruptible(host, (signal) =>
      withEngine(host, async (engine) => {
        const entries = values.get(verbose) === true;
        const report = await engine.registries.manifest(name, { entries, signal });
        await host.stdout.write(`${entries ? verboseText(report) : plainText(report)}\n`);
        return 0;
      }),
    ),
};

/** docker indents an index with three spaces and a manifest with a tab. */
const plainText = ({ kind, bytes }: ManifestReport): string =>
  JSON.stringify(parse(bytes), undefined, kind === 'index' ? 3 : '\t');

const verboseText = ({ kind, entries }: ManifestReport): string => {
  const objects = entries.map(objectOf);
  return JSON.stringify(kind === 'index' ? objects : objects[0], undefined, '\t');
};

const objectOf = ({ reference, descriptor, bytes }: ManifestEntry): object => {
  const isDocker = String(descriptor['mediaType']).startsWith('application/vnd.docker.');
  return {
    Ref: reference,
    Descriptor: descriptor,
    Raw: Buffer.from(bytes).toString('base64'),
    [isDocker ? 'SchemaV2Manifest' : 'OCIManifest']: parse(bytes),
  };
};

const parse = (bytes: Uint8Array): unknown => JSON.parse(Buffer.from(bytes).toString('utf8'));
