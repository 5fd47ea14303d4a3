// SPDX-License-Identifier: Apache-2.0
// Options and steps that pull and push share.

import { booleanOption } from '../../../options/option.js';

export const allTagsOption = (describe: string) =>
  booleanOption({ name: 'all-tags', short: 'a', group: 'general', describe });

export const quietOption = booleanOption({
  name: 'quiet',
  short: 'q',
  group: 'general',
  describe: 'print the name only',
});

/** Signatures of docker's notary are not checked by anybody any more; scripts still give the option. */
export const contentTrustOption = booleanOption({
  name: 'disable-content-trust',
  group: 'general',
  describe: 'accepted for compatibility: there is no image verification to skip',
  defaultText: 'true',
  hidden: true,
});
