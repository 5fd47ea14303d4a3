// SPDX-License-Identifier: Apache-2.0
// One run of the test image with some options, for tests that go through docker's flags.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { image, ok, sandbox, tool, uniqueName, type ToolResult } from './tool.js';

/** What the command says. */
export const run = async (options: readonly string[], ...command: readonly string[]): Promise<string> =>
  ok(['run', '--rm', ...options, await image(), ...command]);

/** The same, when it is to fail. */
export const refused = async (options: readonly string[], ...command: readonly string[]): Promise<ToolResult> =>
  tool(['run', '--rm', ...options, await image(), ...command]);

/** A directory of the host with these files. */
export const hostDirectory = (files: Readonly<Record<string, string>> = {}): string => {
  const path = join(sandbox().directory, uniqueName('dir'));
  mkdirSync(path);
  for (const [name, content] of Object.entries(files)) writeFileSync(join(path, name), content);
  return path;
};
