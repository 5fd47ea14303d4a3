// SPDX-License-Identifier: Apache-2.0
// Flags that stand before the command.

import { booleanOption, type Option } from '../options/option.js';

export const debugOption = booleanOption({
  name: 'debug',
  short: 'D',
  group: 'general',
  describe: 'debug lines and stack traces on stderr',
});
export const helpOption = booleanOption({ name: 'help', short: 'h', group: 'general', describe: 'show help' });
export const versionOption = booleanOption({
  name: 'version',
  short: 'v',
  group: 'general',
  describe: 'show the version',
});

export const globalOptions: readonly Option[] = [debugOption, helpOption, versionOption];
