// SPDX-License-Identifier: Apache-2.0
// Containers that are there to have something done to them.

import { image, ok, uniqueName } from './tool.js';

/** A running container that does nothing. */
export const sleeping = async (...options: readonly string[]): Promise<string> => {
  const name = uniqueName();
  await ok(['run', '-d', '--name', name, ...options, await image(), 'sleep', '1000']);
  return name;
};

export const gone = async (...names: readonly string[]): Promise<void> => {
  await ok(['rm', '-f', ...names]);
};
