// SPDX-License-Identifier: Apache-2.0
// What runs: the request laid over the image's config, by docker's rules. Pure.

import { sampanError } from '../errors/sampan-error.js';
import type { CreateRequest } from './create-request.js';
import type { Healthcheck } from '../util/healthcheck.js';
import { mergeHealthcheck } from './health.js';

/** The part of an OCI image config that a container inherits (image-spec 1.1, config.md). */
export interface ImageDefaults {
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  readonly env: readonly string[];
  readonly workingDir: string;
  readonly user: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly stopSignal?: string | undefined;
  readonly healthcheck?: Healthcheck | undefined;
  /** of command lines, also those of health checks; absent: /bin/sh -c */
  readonly shell?: readonly string[] | undefined;
  readonly exposedPorts?: readonly string[] | undefined;
}

export interface MergedProcess {
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  readonly args: readonly string[];
  readonly env: readonly string[];
  readonly cwd: string;
  readonly user: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly stopSignal: string;
  readonly healthcheck?: Healthcheck | undefined;
}

const defaultPath = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** @throws ERR_COMMAND_MISSING, ERR_INVALID_VALUE */
export const mergeProcess = (request: CreateRequest, image: ImageDefaults, hostname: string): MergedProcess => {
  const entrypoint = request.entrypoint ?? image.entrypoint;
  const inherited = request.entrypoint === undefined ? image.command : [];
  const command = request.command.length > 0 ? request.command : inherited;
  const args = [...entrypoint, ...command];
  if (args.length === 0) {
    throw sampanError('ERR_COMMAND_MISSING', { subject: request.image, hint: 'give the command after the image' });
  }
  const builtin = [defaultPath, `HOSTNAME=${hostname}`, ...(request.tty ? ['TERM=xterm'] : [])];
  return {
    entrypoint,
    command,
    args,
    env: mergeEnv([...builtin, ...image.env], request.env),
    cwd: absolute(request.workingDir ?? (image.workingDir || '/')),
    user: request.user ?? image.user,
    labels: { ...image.labels, ...request.labels },
    stopSignal: request.stopSignal ?? image.stopSignal ?? 'SIGTERM',
    healthcheck: mergeHealthcheck(request.health, image.healthcheck),
  };
};

/** Later settings of a variable win, in the place of the first; `NAME` without `=` takes the variable away. */
export const mergeEnv = (base: readonly string[], over: readonly string[]): readonly string[] => {
  const merged = new Map<string, string>();
  for (const item of [...base, ...over]) {
    const name = item.split('=', 1)[0] ?? '';
    if (name === item) merged.delete(name);
    else merged.set(name, item);
  }
  return [...merged.values()];
};

const absolute = (path: string): string => {
  if (path.startsWith('/')) return path;
  throw sampanError('ERR_INVALID_VALUE', { subject: `working directory ${path}`, hint: 'it must be an absolute path' });
};
