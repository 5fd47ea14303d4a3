// SPDX-License-Identifier: Apache-2.0
// sampan system df

import type { DiskUsage } from '../../../engine/contract.js';
import { booleanOption } from '../../../options/option.js';
import type { Command } from '../../command.js';
import { withEngine } from '../../host.js';
import { containerRow, containerShape, type RowOptions } from '../../output/container-row.js';
import { imageShape } from '../../output/image-row.js';
import { formatList } from '../../output/list-format.js';
import {
  containerUsageTable,
  imageUsageRow,
  imageUsageTable,
  usageRows,
  usageShape,
  volumeUsageShape,
} from '../../output/usage-row.js';
import { parseTemplate } from '../../template/template.js';
import { GoStruct, type GoValue } from '../../template/values.js';
import { formatOption } from '../shared.js';

const verbose = booleanOption({
  name: 'verbose',
  short: 'v',
  group: 'general',
  describe: 'show every image and container',
});

export const command: Command = {
  usage: '',
  options: [formatOption, verbose],
  minimumArgs: 0,
  maximumArgs: 0,
  run: async ({ values, host }) => {
    const usage = await withEngine(host, (engine) => engine.system.diskUsage());
    const format = values.get(formatOption);
    const text =
      values.get(verbose) === true
        ? verboseText(usage, format, host.now())
        : formatList(usageRows(usage), usageShape, format);
    await host.stdout.write(text);
    return 0;
  },
};

const verboseText = (usage: DiskUsage, format: string | undefined, now: Date): string =>
  format === undefined || format === '' || format === 'table'
    ? verboseTables(usage, { now, truncate: true })
    : verboseTemplate(usage, format === 'json' ? '{{json .}}' : format, { now, truncate: false });

const verboseTables = (usage: DiskUsage, options: RowOptions): string => {
  const { images, containers } = rowsOf(usage, options);
  return [
    `Images space usage:\n\n${formatList(images, { ...imageShape(false), table: imageUsageTable }, undefined)}`,
    `Containers space usage:\n\n${formatList(containers, { ...containerShape(false), table: containerUsageTable }, undefined)}`,
    `Local Volumes space usage:\n\n${formatList([], volumeUsageShape, undefined)}`,
  ].join('\n');
};

/** docker's object of all lists, rendered once. */
const verboseTemplate = (usage: DiskUsage, template: string, options: RowOptions): string => {
  const { images, containers } = rowsOf(usage, options);
  const lists = new Map<string, GoValue>([
    ['Images', images],
    ['Containers', containers],
    ['Volumes', []],
    ['BuildCache', []],
  ]);
  return `${parseTemplate(template).render(new GoStruct(lists, { typeName: '*formatter.diskUsageContext' }))}\n`;
};

const rowsOf = ({ images, containers }: DiskUsage, options: RowOptions) => ({
  images: images.items.map((image) => imageUsageRow(image, options)),
  containers: containers.items.map((summary) => containerRow(summary, options)),
});
