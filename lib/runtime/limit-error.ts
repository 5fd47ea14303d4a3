// SPDX-License-Identifier: Apache-2.0
// --ulimit beyond what this machine allows: the error names the limit and its bound.

import { readFileSync } from 'node:fs';
import { sampanError, type SampanError } from '../errors/sampan-error.js';
import { rlimitName } from '../native/constants.js';
import type { HelperFailure } from '../native/helper.js';

/** Only the host's root may raise a hard limit (setrlimit(2)); the helper knows limits by number. */
export const limitError = (failure: HelperFailure): SampanError => {
  const name = rlimitName(Number(failure.subject));
  const hard = name === undefined ? undefined : hardLimit(name);
  return sampanError('ERR_LIMIT_TOO_HIGH', {
    subject: `${name ?? failure.subject}${hard === undefined ? '' : ` is ${hard}`}`,
    op: failure.operation,
    errno: failure.errno,
    hint: `ask for no more than that with --ulimit, or have the machine's limit raised (limits.conf(5))`,
  });
};

/** Of this process, which the container inherits (proc_pid_limits(5)): `Max open files  1024  4096  files`. */
const hardLimit = (name: string): string | undefined => {
  const title = limitTitles[name];
  const line = readFileSync('/proc/self/limits', 'utf8')
    .split('\n')
    .find((candidate) => title !== undefined && candidate.startsWith(`Max ${title} `));
  return line
    ?.slice(`Max ${title ?? ''}`.length)
    .trim()
    .split(/\s+/)[1];
};

const limitTitles: Readonly<Record<string, string>> = {
  as: 'address space',
  core: 'core file size',
  cpu: 'cpu time',
  data: 'data size',
  fsize: 'file size',
  locks: 'file locks',
  memlock: 'locked memory',
  msgqueue: 'msgqueue size',
  nice: 'nice priority',
  nofile: 'open files',
  nproc: 'processes',
  rss: 'resident set',
  rtprio: 'realtime priority',
  rttime: 'realtime timeout',
  sigpending: 'pending signals',
  stack: 'stack size',
};
