// SPDX-License-Identifier: Apache-2.0
// What the data root holds, to show that a command that failed has changed nothing.

import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { findLeaks } from './sandbox.js';
import { sandbox } from './tool.js';

export interface StoreState {
  readonly blobs: readonly string[];
  readonly layers: readonly string[];
  readonly containers: readonly string[];
  readonly names: readonly string[];
  readonly index: string;
}

export const storeState = (): StoreState => {
  const within = (...path: readonly string[]): readonly string[] => {
    try {
      return readdirSync(join(sandbox().dataRoot, ...path)).sort();
    } catch {
      // not made yet
      return [];
    }
  };
  let index = '';
  try {
    index = readFileSync(join(sandbox().dataRoot, 'images/index.json'), 'utf8');
  } catch {
    // not made yet
  }
  return {
    blobs: within('images/blobs/sha256'),
    layers: within('layers'),
    containers: within('containers'),
    names: within('names'),
    index,
  };
};

/** Runs something that must fail, and checks that it leaves what it found and no process or temp entry besides. */
export const changesNothing = async <Result>(action: () => Promise<Result>): Promise<Result> => {
  const before = storeState();
  const result = await action();
  expect(storeState()).toEqual(before);
  expect(await findLeaks(sandbox(), { containersGone: before.containers.length === 0 })).toEqual([]);
  return result;
};
