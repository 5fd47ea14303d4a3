// SPDX-License-Identifier: Apache-2.0
// -s and -t of stop and restart.

import { valueOption } from '../../../options/option.js';
import { readSignal, readTimeout } from '../../../options/parse/limits.js';
import type { OptionValues } from '../../../options/scan.js';

export const signalOption = valueOption({
  name: 'signal',
  short: 's',
  kind: 'string',
  group: 'general',
  describe: "signal to send instead of the container's own",
  read: readSignal,
});

export const timeoutOption = valueOption({
  name: 'timeout',
  short: 't',
  kind: 'int',
  group: 'general',
  describe: 'seconds to wait before killing; -1 waits for ever',
  read: readTimeout,
});

/** docker's name for --timeout before version 28, which scripts still use */
export const timeOption = valueOption({
  ...timeoutOption,
  name: 'time',
  short: undefined,
  hidden: true,
  read: readTimeout,
});

export const stopOptionsOf = (values: OptionValues): { readonly timeoutSeconds?: number; readonly signal?: string } => {
  const [timeoutSeconds, signal] = [values.get(timeoutOption) ?? values.get(timeOption), values.get(signalOption)];
  return { ...(timeoutSeconds === undefined ? {} : { timeoutSeconds }), ...(signal === undefined ? {} : { signal }) };
};
