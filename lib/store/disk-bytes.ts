// SPDX-License-Identifier: Apache-2.0
// What a file takes on disk, as du(1) counts it.

import { lstatSync } from 'node:fs';

/** stat(2): st_blocks counts these, whatever the file system */
const statBlock = 512;

/** The entry itself: nothing below a directory. 0 when it is not there. */
export const diskBytes = (path: string): number =>
  (lstatSync(path, { throwIfNoEntry: false })?.blocks ?? 0) * statBlock;
