// SPDX-License-Identifier: Apache-2.0
// sampan login
//
// How this works: what is given on the command line or on stdin is used as it is; without anything, what is kept is
// tried; what is missing then is asked for on the terminal. A script without a terminal is told what to give.

import { isSampanError, sampanError } from '../../../errors/sampan-error.js';
import type { Engine, LoginReport } from '../../../engine/contract.js';
import { booleanOption, stringOption } from '../../../options/option.js';
import type { OptionValues } from '../../../options/scan.js';
import type { Command } from '../../command.js';
import { withEngine, type Host } from '../../host.js';
import { interruptible } from '../../interrupt.js';
import { errorText } from '../../print-error.js';
import { openPrompt } from '../../prompt.js';
import { readSecret } from '../../read-secret.js';

const password = stringOption({
  name: 'password',
  short: 'p',
  group: 'general',
  describe: 'password or access token; every user of the machine can see it while the command runs',
});
const passwordStdin = booleanOption({
  name: 'password-stdin',
  group: 'general',
  describe: 'take the password or access token from stdin',
});
const username = stringOption({ name: 'username', short: 'u', group: 'general', describe: 'user name' });

export const command: Command = {
  usage: '[SERVER]',
  options: [password, passwordStdin, username],
  minimumArgs: 0,
  maximumArgs: 1,
  run: ({ values, args: [server = ''], host }) => {
    checkOptions(values);
    return interruptible(host, (signal) =>
      withEngine(host, async (engine) => {
        if (await isLoggedIn({ values, server, host, engine, signal })) return succeeded(host);
        const credentials = await credentialsFrom({ values, server, host, engine, signal });
        if (credentials === undefined) return interruptedExitCode;
        const report = await engine.registries.login({ server, ...credentials, signal });
        await host.stderr.write(warningsOf(report));
        return succeeded(host);
      }),
    );
  },
};

const checkOptions = (values: OptionValues): void => {
  if (values.get(passwordStdin) !== true) return;
  if (values.has(password))
    throw sampanError('ERR_ARGUMENTS', { subject: '--password and --password-stdin are mutually exclusive' });
  if ((values.get(username) ?? '') === '')
    throw sampanError('ERR_ARGUMENTS', { subject: 'must provide --username with --password-stdin' });
};

interface Work {
  readonly values: OptionValues;
  readonly server: string;
  readonly host: Host;
  readonly engine: Engine;
  readonly signal: AbortSignal;
}

interface Given {
  readonly username: string;
  readonly password: string;
}

const succeeded = async (host: Host): Promise<number> => {
  await host.stdout.write('Login Succeeded\n');
  return 0;
};

/** With nothing given, what is kept may do, as docker has it. */
const isLoggedIn = async ({ values, server, host, engine, signal }: Work): Promise<boolean> => {
  if ([username, password, passwordStdin].some((option) => values.has(option))) return false;
  try {
    const found = await engine.registries.loginAgain(server, { signal });
    if (found === undefined) return false;
    const who = found.username === undefined ? '' : ` [Username: ${found.username}]`;
    await host.stderr.write(`Authenticating with existing credentials...${who}\n`);
    return true;
  } catch (error) {
    if (!isSampanError(error, 'ERR_REGISTRY_LOGIN') || !host.terminal.stdinIsTerminal) throw error;
    await host.stderr.write(errorText(error, { debug: false }));
    return false;
  }
};

/** 128 + SIGINT */
const interruptedExitCode = 130;

/** undefined: the person did not want to */
const credentialsFrom = async (work: Work): Promise<Given | undefined> => {
  const { values, host, signal } = work;
  const given = { username: values.get(username) ?? '', password: values.get(password) ?? '' };
  if (values.get(passwordStdin) === true) return { ...given, password: await readSecret(host, signal) };
  if (given.password !== '')
    await host.stderr.write('WARNING! Using --password via the CLI is insecure. Use --password-stdin.\n');
  if (given.username !== '' && given.password !== '') return given;
  if (!host.terminal.stdinIsTerminal)
    throw sampanError('ERR_ARGUMENTS', {
      subject: 'login cannot ask for a user name and password: stdin is not a terminal',
      hint: "give them: 'sampan login -u USER --password-stdin SERVER < FILE'",
    });
  return askFor(given, work);
};

const askFor = async (given: Given, { host, engine, signal }: Work): Promise<Given | undefined> => {
  const { terminal, stderr: screen } = host;
  using prompt = openPrompt({ terminal, screen, raw: () => engine.system.rawTerminal(0), signal });
  const name = given.username === '' ? (await prompt.ask('Username: ')).trim() : given.username;
  if (name === '') throw sampanError('ERR_ARGUMENTS', { subject: 'a user name is required' });
  const secret = given.password === '' ? await prompt.askSecret('Password: ') : given.password;
  if (secret === '') throw sampanError('ERR_ARGUMENTS', { subject: 'a password is required' });
  return secret === undefined ? undefined : { username: name, password: secret };
};

const warningsOf = ({ keptIn, inPlainText, hiddenBy, wasReadableByOthers }: LoginReport): string =>
  [
    ...(wasReadableByOthers ? [`WARNING! ${keptIn} was readable by other users; now it is yours alone.`] : []),
    ...(inPlainText
      ? [
          `WARNING! Your credentials are stored unencrypted in '${keptIn}'.`,
          'A credential helper (credsStore in that file) keeps them elsewhere.',
        ]
      : []),
    ...(hiddenBy === undefined
      ? []
      : [`WARNING! ${hiddenBy} has other credentials for this registry, and comes first.`]),
  ]
    .map((line) => `${line}\n`)
    .join('');
