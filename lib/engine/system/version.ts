// SPDX-License-Identifier: Apache-2.0
// The product's version: package.json is its one place; the bundle carries the value.

import { version } from '../../../package.json';

export const productVersion: string = version;
