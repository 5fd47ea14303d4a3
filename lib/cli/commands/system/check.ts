// SPDX-License-Identifier: Apache-2.0
// sampan system check

import type { CheckResult } from '../../../engine/contract.js';
import { sampanError } from '../../../errors/sampan-error.js';
import { booleanOption } from '../../../options/option.js';
import { fromJson } from '../../template/from-json.js';
import { parseTemplate } from '../../template/template.js';
import type { Command } from '../../command.js';
import { withEngine } from '../../host.js';
import { formatOption } from '../shared.js';

const store = booleanOption({
  name: 'store',
  group: 'general',
  describe: 'check images, layers and containers on disk instead: every digest, every reference',
});
const repair = booleanOption({
  name: 'repair',
  group: 'general',
  describe: 'with --store: remove what is damaged, so that it can be pulled or loaded again',
});

export const command: Command = {
  usage: '',
  options: [formatOption, repair, store],
  minimumArgs: 0,
  maximumArgs: 0,
  run: ({ values, host }) =>
    withEngine(host, async (engine) => {
      const format = values.get(formatOption) ?? '';
      const isRepair = values.get(repair) === true;
      const isStore = values.get(store) === true;
      if (isRepair && !isStore)
        throw sampanError('ERR_USAGE', { subject: '--repair goes with --store', hint: 'see its --help' });
      const results = isStore ? await engine.system.checkStore({ repair: isRepair }) : await engine.system.check();
      await host.stdout.write(formatResults(results, format));
      return results.some(({ status }) => status === 'failed') ? 1 : 0;
    }),
};

const formatResults = (results: readonly CheckResult[], format: string): string => {
  if (format === '' || format === 'table') return results.map(lineOf).join('');
  if (format === 'json') return `${JSON.stringify(results)}\n`;
  const template = parseTemplate(format);
  return results.map((result) => `${template.render(fromJson(result))}\n`).join('');
};

const statusWidth = 8;
const nameWidth = 18;

const lineOf = ({ status, name, detail, fix }: CheckResult): string => {
  const indent = ' '.repeat(statusWidth);
  return `${status.padEnd(statusWidth)}${name.padEnd(nameWidth)}${detail}\n${fix === undefined ? '' : `${indent}fix: ${fix}\n`}`;
};
