// SPDX-License-Identifier: Apache-2.0
// Commands that show one object of the engine: info and version.

import type { Engine } from '../../../engine/contract.js';
import type { Command } from '../../command.js';
import { withEngine } from '../../host.js';
import { formatObject, type InspectObject } from '../../output/inspect-format.js';
import { inspectFormatOption } from '../shared.js';

/** @param plain what people see without --format */
export const objectCommand = (
  ask: (engine: Engine) => Promise<InspectObject>,
  plain: (object: InspectObject) => string,
): Command => ({
  usage: '',
  options: [inspectFormatOption],
  minimumArgs: 0,
  maximumArgs: 0,
  run: ({ values, host }) =>
    withEngine(host, async (engine) => {
      const object = await ask(engine);
      await host.stdout.write(formatObject(object, values.get(inspectFormatOption) ?? '', plain));
      return 0;
    }),
});
