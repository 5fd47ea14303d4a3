// SPDX-License-Identifier: Apache-2.0
// sampan exec

import type { AttachOptions } from '../../../engine/contract.js';
import { booleanOption, listOption, stringOption } from '../../../options/option.js';
import { readEnvFile, readEnvOption } from '../../../options/parse/environment.js';
import { detachKeys } from '../../../options/run/run-options.js';
import type { OptionValues } from '../../../options/scan.js';
import type { Caller } from '../../../options/caller.js';
import type { ExecRequest } from '../../../spec/create-request.js';
import type { Command } from '../../command.js';
import { withEngine } from '../../host.js';
import { runInForeground, sessionExitCode } from '../../session.js';
import { detachKeysOf, requireTerminal, startOptions } from '../shared.js';

const detach = booleanOption({
  name: 'detach',
  short: 'd',
  group: 'general',
  describe: 'run the command in the background',
});
const env = listOption({
  name: 'env',
  short: 'e',
  group: 'general',
  describe: 'set an environment variable (NAME=VALUE, or NAME to take it from the caller)',
  read: readEnvOption,
});
const envFile = listOption({
  name: 'env-file',
  group: 'general',
  describe: 'read environment variables from a file',
  read: (path) => path,
});
const interactive = booleanOption({
  name: 'interactive',
  short: 'i',
  group: 'general',
  describe: 'keep stdin open even if not attached',
});
const privileged = booleanOption({
  name: 'privileged',
  group: 'general',
  describe: 'give the command all capabilities',
});
const tty = booleanOption({ name: 'tty', short: 't', group: 'general', describe: 'allocate a pseudo-terminal' });
const user = stringOption({
  name: 'user',
  short: 'u',
  group: 'general',
  describe: 'user name or id (format: <name|uid>[:<group|gid>])',
});
const workdir = stringOption({
  name: 'workdir',
  short: 'w',
  group: 'general',
  describe: 'working directory inside the container',
});

export const command: Command = {
  usage: 'CONTAINER COMMAND [ARG...]',
  options: [detach, detachKeys, env, envFile, interactive, privileged, tty, user, workdir],
  minimumArgs: 2,
  flagsEndAtArgument: true,
  run: async ({ values, args, host }) => {
    const [container = '', ...words] = args;
    const request = requestOf(values, words, host.caller);
    const attach = values.get(detach) === true ? undefined : attachOptionsOf(values, request);
    if (attach !== undefined) requireTerminal(host, { tty: request.tty, stdin: attach.stdin });
    return withEngine(host, async (engine) => {
      const session = await engine.containers.exec(container, request, startOptions(host, attach, request.tty));
      if (session === undefined) return 0;
      // docker's exec passes no signals on: ctrl-c ends the client, and the command goes on.
      const end = await runInForeground(session, {
        host,
        system: engine.system,
        stdin: attach?.stdin === true,
        sigProxy: false,
      });
      return sessionExitCode(end, host);
    });
  },
};

const requestOf = (values: OptionValues, words: readonly string[], caller: Caller): ExecRequest => {
  const [workingDir, name] = [values.get(workdir), values.get(user)];
  return {
    command: words,
    env: [
      ...(values.get(envFile) ?? []).flatMap((path) => readEnvFile(path, caller)),
      ...(values.get(env) ?? []).flatMap((variable) => variable(caller)),
    ],
    ...(workingDir === undefined || workingDir === '' ? {} : { workingDir }),
    ...(name === undefined || name === '' ? {} : { user: name }),
    tty: values.get(tty) === true,
    openStdin: values.get(interactive) === true && values.get(detach) !== true,
    privileged: values.get(privileged) === true,
  };
};

const attachOptionsOf = (values: OptionValues, request: ExecRequest): AttachOptions => ({
  stdin: request.openStdin,
  stdout: true,
  stderr: true,
  detachKeys: detachKeysOf(values.get(detachKeys), request.tty),
});
