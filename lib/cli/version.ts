// SPDX-License-Identifier: Apache-2.0
// The line of --version; the number is package.json's, which the bundle carries.

import { version } from '../../package.json';

export const versionLine = `sampan version ${version}\n`;
