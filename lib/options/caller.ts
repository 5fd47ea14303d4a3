// SPDX-License-Identifier: Apache-2.0
// What options need to know of whoever gives them: the environment for `-e NAME`, the directory for relative paths,
// the files they name. Passed in, never read here.

export interface Caller {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** throws Node's error when the file cannot be read */
  readonly readTextFile: (path: string) => string;
}
