// SPDX-License-Identifier: Apache-2.0

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { thermalThrottlePaths } from '../../../lib/runtime/thermal-throttle.js';

let directory: string;
beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'sampan-cpus-'))));
afterEach(() => rmSync(directory, { recursive: true }));

test('each processor’s counters are named, and nothing else that lies beside them', () => {
  for (const name of ['cpu0', 'cpu1', 'cpu10'])
    mkdirSync(join(directory, name, 'thermal_throttle'), { recursive: true });
  mkdirSync(join(directory, 'cpufreq'));
  expect([...thermalThrottlePaths(directory)].sort()).toEqual(
    ['cpu0', 'cpu1', 'cpu10'].map((name) => join(directory, name, 'thermal_throttle')),
  );
});

test('a machine that does not count has nothing to hide', () => {
  mkdirSync(join(directory, 'cpu0'));
  expect(thermalThrottlePaths(directory)).toEqual([]);
});
