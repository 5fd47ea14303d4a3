// SPDX-License-Identifier: Apache-2.0
// Benchmarks, never part of the tests: machines are noisy, so every figure is a median of interleaved rounds and is
// given as a ratio to a peer or a floor measured in the same run.
//
//   npm run bench -- [start|output|images|network] [--rounds N]

import { argv } from 'node:process';

const suites = ['start', 'output', 'images', 'network'];
const rounds = Number(argv[argv.indexOf('--rounds') + 1]) || 15;
// what follows `network` are its rows
const words = argv.slice(2, argv.includes('network') ? argv.indexOf('network') + 1 : undefined);
const chosen = words.filter((word) => suites.includes(word));

for (const suite of chosen.length > 0 ? chosen : suites) {
  const { bench } = await import(`./bench/${suite}.mjs`);
  await bench({ rounds });
}
