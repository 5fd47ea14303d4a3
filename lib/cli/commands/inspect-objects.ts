// SPDX-License-Identifier: Apache-2.0
// The way of all inspect commands: look every name up, print what was found, then tell what was not.

import { isSampanError } from '../../errors/sampan-error.js';
import type { Engine } from '../../engine/contract.js';
import { withEngine, type Host } from '../host.js';
import { inspectFormatter, type InspectObject } from '../output/inspect-format.js';
import { errorText } from '../print-error.js';

export const inspectObjects = async (input: {
  readonly names: readonly string[];
  readonly format: string | undefined;
  readonly host: Host;
  readonly find: (engine: Engine, name: string) => Promise<InspectObject>;
}): Promise<number> => {
  const { names, host, find } = input;
  const print = inspectFormatter(input.format);
  return withEngine(host, async (engine) => {
    const found: InspectObject[] = [];
    const failures: unknown[] = [];
    for (const name of names) {
      try {
        found.push(await find(engine, name));
      } catch (error) {
        if (!isSampanError(error)) throw error;
        failures.push(error);
      }
    }
    await host.stdout.write(print(found));
    for (const failure of failures) await host.stderr.write(errorText(failure, { debug: false }));
    return failures.length === 0 ? 0 : 1;
  });
};
