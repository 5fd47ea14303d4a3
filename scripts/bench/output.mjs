// SPDX-License-Identifier: Apache-2.0
// Throughput of a container's output: pipe -> monitor -> log and client -> stdout, with the plain command as the limit.

import { join } from 'node:path';
import { compare } from './measure.mjs';

const sampan = join(import.meta.dirname, '../../bin/sampan.js');
const produce = 'head -c 200000000 /dev/zero | tr "\\0" "x" | fold -w 99';

export const bench = async ({ rounds }) => {
  const few = Math.min(rounds, 5);
  const through = (flags) => [
    'sh',
    '-c',
    `node ${sampan} run --rm --network none ${flags} host sh -c '${produce}' | cat > /dev/null`,
  ];
  compare(
    '200 MB of output',
    [
      { name: 'sh -c (no container)', command: ['sh', '-c', `${produce} | cat > /dev/null`] },
      { name: 'sampan run --log-driver none', command: through('--log-driver none') },
      { name: 'sampan run (json-file log)', command: through('') },
    ],
    few,
  );
};
