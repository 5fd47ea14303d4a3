// SPDX-License-Identifier: Apache-2.0
// --restart: no, always, unless-stopped, on-failure[:N]; docker's forms and docker's complaints.

import type { RestartRequest } from '../../spec/create-request.js';
import { InvalidArgument } from '../option.js';

/** undefined: no restarts */
export const readRestart = (text: string): RestartRequest | undefined => {
  const [name = '', count = ''] = text.split(/:(.*)/s);
  const maximumRetryCount = countOf(count);
  switch (name) {
    case '':
      if (text !== '') throw new InvalidArgument('no policy provided before colon');
      return undefined;
    case 'no':
    case 'always':
    case 'unless-stopped':
      if (maximumRetryCount !== 0) throw new InvalidArgument("maximum retry count can only be used with 'on-failure'");
      return name === 'no' ? undefined : { policy: name, maximumRetryCount };
    case 'on-failure':
      return { policy: name, maximumRetryCount };
    default:
      throw new InvalidArgument(
        `unknown policy '${name}'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'`,
      );
  }
};

/** the helper counts in 32 bits */
const mostRetries = 0xffff_ffff;

const countOf = (text: string): number => {
  if (text === '') return 0;
  const count = /^[+-]?\d+$/.test(text) ? Number(text) : NaN;
  if (!(Math.abs(count) <= mostRetries)) throw new InvalidArgument('maximum retry count must be an integer');
  if (count < 0) throw new InvalidArgument('maximum retry count cannot be negative');
  return count;
};
