// SPDX-License-Identifier: Apache-2.0
// Counters of a processor's heat tell a container what the machine's other work is (GHSA-6fw5-f8r9-fgfm); docker hides them
// since 28.0. Which processors have them is the host's matter.

import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** The directories of this machine that hold such counters; none on machines that do not count. */
export const thermalThrottlePaths = (processors = '/sys/devices/system/cpu'): readonly string[] => {
  // All processors of a machine count, or none does: one look spares hundreds of them.
  if (!existsSync(join(processors, 'cpu0/thermal_throttle'))) return [];
  return readdirSync(processors)
    .filter((name) => /^cpu\d+$/.test(name))
    .map((name) => join(processors, name, 'thermal_throttle'));
};
