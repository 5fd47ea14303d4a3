// SPDX-License-Identifier: Apache-2.0
// Kinds of failure, and the only mapping from a kind to an exit code (docker run's 125/126/127).

export type ErrorKind =
  'usage' | 'invalid' | 'notFound' | 'conflict' | 'engine' | 'commandNotFound' | 'commandNotExecutable';

/** Exit code of `run`, `create`, `start`, `exec`; other commands exit 1 whatever the kind (docker does the same). */
export const runExitCode: Readonly<Record<ErrorKind, number>> = {
  usage: 125,
  invalid: 125,
  notFound: 125,
  conflict: 125,
  engine: 125,
  commandNotFound: 127,
  commandNotExecutable: 126,
};
