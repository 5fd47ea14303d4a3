// SPDX-License-Identifier: Apache-2.0
// --pull

import type { CreateRequest } from '../../spec/create-request.js';
import { InvalidArgument } from '../option.js';

export const readPull = (text: string): CreateRequest['pull'] => {
  if (text === 'always' || text === 'missing' || text === 'never') return text;
  throw new InvalidArgument(`invalid pull option: '${text}': must be one of "always", "missing" or "never"`);
};
