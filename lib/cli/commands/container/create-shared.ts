// SPDX-License-Identifier: Apache-2.0
// What run and create do alike.

import type { CreateRequest } from '../../../spec/create-request.js';
import { withEngine, type Host } from '../../host.js';

export const printPlan = (request: CreateRequest, host: Host): Promise<number> =>
  withEngine(host, async (engine) => {
    const plan = await engine.containers.planOf(request);
    await host.stdout.write(plan.endsWith('\n') ? plan : `${plan}\n`);
    return 0;
  });
