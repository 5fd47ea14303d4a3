// SPDX-License-Identifier: Apache-2.0
// What images.mjs starts as another user when it was started by root; the job is its argument.

import { argv } from 'node:process';
import { runInDirectory } from './images-rounds.mjs';

await runInDirectory(JSON.parse(argv[2]));
