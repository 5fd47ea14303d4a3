// SPDX-License-Identifier: Apache-2.0
// The ids of a container as the machine has them: inside, a map shows the ids of the user namespace around it.

import { readFileSync } from 'node:fs';
import { image, ok, uniqueName } from './tool.js';

export interface MapLine {
  readonly inside: number;
  readonly outside: number;
  readonly count: number;
}

/** Of a container that is started for it. */
export const outsideMaps = async (): Promise<{
  readonly uids: readonly MapLine[];
  readonly gids: readonly MapLine[];
}> => {
  const name = uniqueName();
  await ok(['run', '-d', '--name', name, await image(), 'sleep', '100']);
  const pid = (await ok(['inspect', '-f', '{{.State.Pid}}', name])).trim();
  const [uids, gids] = ['uid_map', 'gid_map'].map((file) => parseMap(readFileSync(`/proc/${pid}/${file}`, 'utf8')));
  await ok(['rm', '-f', name]);
  return { uids: uids ?? [], gids: gids ?? [] };
};

const parseMap = (text: string): readonly MapLine[] =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => {
      const [inside = -1, outside = -1, count = -1] = line.trim().split(/\s+/).map(Number);
      return { inside, outside, count };
    });
