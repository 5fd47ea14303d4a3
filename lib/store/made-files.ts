// SPDX-License-Identifier: Apache-2.0
// etc.json of a container: what sampan wrote into its /etc/hosts and /etc/resolv.conf last, so that its lines are told
// from those of others. Under the container's lock; a start writes it anew, so it need not outlive a power cut.

import { join } from 'node:path';
import { writeJsonAtomic } from './atomic.js';
import { readOwn, type ContainerFiles } from './container-records.js';

export interface MadeTexts {
  readonly hosts: string;
  readonly 'resolv.conf': string;
}

interface MadeFiles {
  readonly schema: 1;
  /** one, and while the files are changed what is to come as well: either may be there when that was killed */
  readonly made: readonly MadeTexts[];
}

const pathIn = ({ directory }: Pick<ContainerFiles, 'directory'>): string => join(directory, 'etc.json');

/** Empty before the first start. @throws ERR_STORE_CORRUPT */
export const readMadeTexts = (files: Pick<ContainerFiles, 'directory'>): readonly MadeTexts[] =>
  (readOwn(pathIn(files)) as MadeFiles | undefined)?.made ?? []; // written by us, whole or not at all

export const writeMadeTexts = (files: Pick<ContainerFiles, 'directory'>, made: readonly MadeTexts[]): void => {
  const content: MadeFiles = { schema: 1, made };
  writeJsonAtomic(pathIn(files), content, { durable: false });
};
