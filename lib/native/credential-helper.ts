// SPDX-License-Identifier: Apache-2.0
// docker-credential-<name>: the user's own programs that keep registry secrets (docker-credential-helpers protocol).
// The verb is the argument, input goes to stdin, JSON comes from stdout. execa is loaded when a helper is asked.

import { hasErrno, sampanError } from '../errors/sampan-error.js';
import { shorten } from '../util/shorten.js';

export interface HelperSecret {
  readonly username: string;
  readonly secret: string;
}

export interface CredentialHelper {
  /** undefined when the helper has nothing for the server */
  get(server: string): Promise<HelperSecret | undefined>;
  store(server: string, secret: HelperSecret): Promise<void>;
  erase(server: string): Promise<void>;
}

const largestAnswerBytes = 1024 * 1024;
/** a person may have to unlock a key ring */
const patienceMs = 120_000;
const namePattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
/** what the protocol's programs print when there is nothing: the exit status does not tell it from a failure */
const nothingFound = /credentials not found|no credentials server url|no credentials username/i;

/** @throws ERR_CREDENTIAL_HELPER for a name that would be a path */
export const openCredentialHelper = (
  name: string,
  env: Readonly<Record<string, string | undefined>>,
): CredentialHelper => {
  if (!namePattern.test(name))
    throw sampanError('ERR_CREDENTIAL_HELPER', { subject: `${shorten(name)}: this is no name of a helper` });
  const program = `docker-credential-${name}`;
  return {
    get: async (server) => {
      const answer = await run({ program, verb: 'get', input: server, env });
      if (answer.exitCode !== 0 && nothingFound.test(answer.stdout)) return undefined;
      if (answer.exitCode !== 0) throw failed(program, 'get', answer);
      return parseSecret(program, answer.stdout);
    },
    store: async (server, { username, secret }) => {
      const answer = await run({
        program,
        verb: 'store',
        input: JSON.stringify({ ServerURL: server, Username: username, Secret: secret }),
        env,
      });
      if (answer.exitCode !== 0) throw failed(program, 'store', answer, secret);
    },
    erase: async (server) => {
      const answer = await run({ program, verb: 'erase', input: server, env });
      if (answer.exitCode !== 0 && !nothingFound.test(answer.stdout)) throw failed(program, 'erase', answer);
    },
  };
};

interface Call {
  readonly program: string;
  readonly verb: 'get' | 'store' | 'erase';
  readonly input: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

interface Answer {
  readonly exitCode: number | undefined;
  readonly stdout: string;
}

const run = async ({ program, verb, input, env }: Call): Promise<Answer> => {
  const { execa } = await import('execa');
  const result = await execa(program, [verb], {
    input,
    env,
    extendEnv: false,
    reject: false,
    timeout: patienceMs,
    maxBuffer: largestAnswerBytes,
    // what a helper says on stderr is for the person, who may have to act on it
    stderr: 'inherit',
  });
  if (hasErrno(result, 'ENOENT', 'EACCES')) {
    throw sampanError('ERR_CREDENTIAL_HELPER', {
      subject: `${program} cannot be run`,
      hint: 'install it, or remove credsStore and credHelpers from the configuration',
    });
  }
  if (result.timedOut)
    throw sampanError('ERR_CREDENTIAL_HELPER', {
      subject: `${program} ${verb}: no answer in ${String(patienceMs / 1000)} s`,
    });
  return { exitCode: result.exitCode, stdout: result.stdout };
};

const parseSecret = (program: string, stdout: string): HelperSecret => {
  let value: unknown;
  try {
    value = JSON.parse(stdout);
  } catch {
    // the cause would quote what may be a secret
    throw sampanError('ERR_CREDENTIAL_HELPER', { subject: `${program} get: the answer is not JSON` });
  }
  if (typeof value === 'object' && value !== null && 'Username' in value && 'Secret' in value) {
    const { Username: username, Secret: secret } = value;
    if (typeof username === 'string' && typeof secret === 'string') return { username, secret };
  }
  throw sampanError('ERR_CREDENTIAL_HELPER', { subject: `${program} get: the answer has no Username and Secret` });
};

const failed = (program: string, verb: string, { exitCode, stdout }: Answer, secret?: string): Error => {
  const said = secret !== undefined && secret !== '' ? stdout.replaceAll(secret, '***') : stdout;
  const detail = verb === 'get' ? '' : `: ${shorten(said.trim())}`;
  return sampanError('ERR_CREDENTIAL_HELPER', {
    subject: `${program} ${verb} failed with exit code ${String(exitCode)}${detail}`,
  });
};
