// SPDX-License-Identifier: Apache-2.0
// The real registry and the real client that these tests run against, and the skip when a machine has none.

import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../support/free-port.js';

const isInstalled = (program: string): boolean => {
  try {
    execFileSync('sh', ['-c', `command -v ${program}`], { stdio: 'ignore' });
    return true;
  } catch {
    // sh says by its exit code that there is none
    return false;
  }
};

const missing = ['docker-registry', 'skopeo', 'openssl'].filter((program) => !isInstalled(program));

/** describe, or a skip that names what is missing. */
export const describeWithRegistry = (name: string, body: () => void): void => {
  // real programs are started, on machines that may be busy
  jest.setTimeout(60_000);
  if (missing.length === 0) describe(name, body);
  else describe.skip(`${name} (not installed: ${missing.join(', ')})`, body);
};

/** test, or a skip that names the program that is missing. */
export const testWith = (program: string): ((name: string, body: () => Promise<void>) => void) => {
  if (isInstalled(program)) return test;
  return (name, body) => test.skip(`${name} (not installed: ${program})`, body);
};

export const temporaryDirectory = (): string => mkdtempSync(join(tmpdir(), 'sampan-registry-'));

export const testUser = 'alice';
export const testPassword = 's3cret-passw0rd';
/** bcrypt, cost 4, of the password above: docker-registry takes nothing else */
const htpasswdLine = 'alice:$2y$04$abcdefghijklmnopqrstuuPhEU9CWCP8i6h0uAoUkOeYfQUbiXxL2';

export interface RegistrySettings {
  readonly htpasswd?: boolean;
  readonly tls?: { readonly certificate: string; readonly key: string };
  readonly token?: { readonly realm: string; readonly rootBundle: string };
}

export interface RunningRegistry extends AsyncDisposable {
  /** host:port */
  readonly name: string;
  readonly port: number;
  /** where it keeps everything */
  readonly directory: string;
}

export const startRegistry = async (settings: RegistrySettings = {}): Promise<RunningRegistry> => {
  const directory = temporaryDirectory();
  const port = await freePort();
  writeFileSync(join(directory, 'htpasswd'), `${htpasswdLine}\n`);
  writeFileSync(join(directory, 'config.yml'), configOf(settings, directory, port));
  const child = spawn('docker-registry', ['serve', join(directory, 'config.yml')], {
    stdio: 'ignore',
    env: { PATH: process.env['PATH'], OTEL_TRACES_EXPORTER: 'none' },
  });
  await untilListening(port, child);
  return {
    name: `127.0.0.1:${String(port)}`,
    port,
    directory,
    [Symbol.asyncDispose]: async () => {
      await stop(child);
      rmSync(directory, { recursive: true, force: true });
    },
  };
};

const configOf = ({ htpasswd, tls, token }: RegistrySettings, directory: string, port: number): string =>
  [
    'version: 0.1',
    'log: { level: error, accesslog: { disabled: true } }',
    'storage:',
    '  cache: { blobdescriptor: inmemory }',
    `  filesystem: { rootdirectory: ${join(directory, 'data')} }`,
    'http:',
    `  addr: 127.0.0.1:${String(port)}`,
    ...(tls === undefined ? [] : [`  tls: { certificate: ${tls.certificate}, key: ${tls.key} }`]),
    ...(htpasswd === true ? ['auth:', `  htpasswd: { realm: test, path: ${join(directory, 'htpasswd')} }`] : []),
    ...(token === undefined
      ? []
      : [
          'auth:',
          `  token: { realm: "${token.realm}", service: test, issuer: test, rootcertbundle: ${token.rootBundle} }`,
        ]),
    '',
  ].join('\n');

const untilListening = async (port: number, child: ChildProcess): Promise<void> => {
  for (let tries = 0; tries < 600 && child.exitCode === null; tries++) {
    if (await answers(port)) return;
    await sleep(50);
  }
  throw new Error(`docker-registry does not answer on port ${String(port)}`);
};

/** Any answer will do: over TLS, this one is a complaint. */
const answers = async (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const request = httpRequest({ host: '127.0.0.1', port, path: '/v2/', timeout: 1000 }, (response) => {
      response.resume();
      resolve(true);
    });
    request.on('error', () => resolve(false));
    request.end();
  });

const stop = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
};

export const skopeo = (...args: readonly string[]): string =>
  execFileSync('skopeo', ['--insecure-policy', ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'], HOME: tmpdir() },
  });
