// SPDX-License-Identifier: Apache-2.0
// Who asks: everything that configuration files and variables are found by. Given, never read from the process here.

import { join } from 'node:path';

export interface Environment {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  readonly uid: number;
}

/** XDG Base Directory specification 0.8: a path that is not absolute counts as unset. */
export const configHome = ({ env, home }: Environment): string =>
  absolute(env['XDG_CONFIG_HOME']) ?? join(home, '.config');

export const runtimeHome = ({ env }: Environment): string | undefined => absolute(env['XDG_RUNTIME_DIR']);

/** An empty variable counts as unset. */
export const variable = ({ env }: Environment, name: string): string | undefined =>
  env[name] === '' ? undefined : env[name];

const absolute = (path: string | undefined): string | undefined => (path?.startsWith('/') === true ? path : undefined);
