// SPDX-License-Identifier: Apache-2.0
// sampan start

import { sampanError } from '../../../errors/sampan-error.js';
import { booleanOption } from '../../../options/option.js';
import { detachKeys } from '../../../options/run/run-options.js';
import type { OptionValues } from '../../../options/scan.js';
import type { Command } from '../../command.js';
import { withEngine, type Host } from '../../host.js';
import { runInForeground, sessionExitCode } from '../../session.js';
import { detachKeysOf, forEachName, requireTerminal, startOptions } from '../shared.js';
import { configOf } from './inspected-config.js';

const attach = booleanOption({
  name: 'attach',
  short: 'a',
  group: 'general',
  describe: 'attach stdout and stderr, and pass signals on',
});
const interactive = booleanOption({
  name: 'interactive',
  short: 'i',
  group: 'general',
  describe: "attach the container's stdin",
});

export const command: Command = {
  usage: 'CONTAINER [CONTAINER...]',
  options: [attach, detachKeys, interactive],
  minimumArgs: 1,
  run: ({ values, args, host }) => {
    const attached = values.get(attach) === true || values.get(interactive) === true;
    if (!attached) {
      return forEachName(args, host, async (engine, name) => {
        await engine.containers.start(name, {});
        return `${name}\n`;
      });
    }
    const [name = '', ...others] = args;
    if (others.length > 0) {
      throw sampanError('ERR_ARGUMENTS', { subject: 'you cannot start and attach multiple containers at once' });
    }
    return startAttached(name, values, host);
  },
};

const startAttached = (name: string, values: OptionValues, host: Host): Promise<number> =>
  withEngine(host, async (engine) => {
    const { tty, openStdin } = configOf(await engine.containers.inspect(name, { size: false }));
    const stdin = values.get(interactive) === true && openStdin;
    requireTerminal(host, { tty, stdin });
    const attachOptions = {
      stdin,
      stdout: true,
      stderr: true,
      detachKeys: detachKeysOf(values.get(detachKeys), tty),
    };
    const session = await engine.containers.start(name, startOptions(host, attachOptions, tty));
    if (session === undefined) return 0;
    const end = await runInForeground(session, { host, system: engine.system, stdin, sigProxy: !tty });
    return sessionExitCode(end, host);
  });
