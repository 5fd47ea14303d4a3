// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';

export const repository = join(__dirname, '../..');
/** the built command line, as npm links it */
export const program = join(repository, 'bin/sampan.js');
