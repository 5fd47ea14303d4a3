// SPDX-License-Identifier: Apache-2.0
// sampan attach

import { booleanOption } from '../../../options/option.js';
import { detachKeys } from '../../../options/run/run-options.js';
import type { Command } from '../../command.js';
import { withEngine } from '../../host.js';
import { runInForeground, sessionExitCode } from '../../session.js';
import { detachKeysOf, requireTerminal } from '../shared.js';
import { configOf } from './inspected-config.js';

const noStdin = booleanOption({ name: 'no-stdin', group: 'general', describe: 'do not attach stdin' });
const sigProxy = booleanOption({
  name: 'sig-proxy',
  group: 'general',
  describe: 'pass received signals on to the process (without a terminal)',
  defaultText: 'true',
});

export const command: Command = {
  usage: 'CONTAINER',
  options: [detachKeys, noStdin, sigProxy],
  minimumArgs: 1,
  maximumArgs: 1,
  run: ({ values, args: [name = ''], host }) =>
    withEngine(host, async (engine) => {
      const { tty, openStdin } = configOf(await engine.containers.inspect(name, { size: false }));
      const stdin = openStdin && values.get(noStdin) !== true;
      requireTerminal(host, { tty, stdin });
      const session = await engine.containers.attach(name, {
        stdin,
        stdout: true,
        stderr: true,
        detachKeys: detachKeysOf(values.get(detachKeys), tty),
      });
      const end = await runInForeground(session, {
        host,
        system: engine.system,
        stdin,
        sigProxy: !tty && values.get(sigProxy) !== false,
      });
      return sessionExitCode(end, host);
    }),
};
