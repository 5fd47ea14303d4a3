// SPDX-License-Identifier: Apache-2.0
// login: the secret is tried before it is kept, and a token is kept instead where the registry gives one.

import { isSampanError, sampanError } from '../errors/sampan-error.js';
import type { Credentials } from './contract.js';
import type { KeptCredentials } from './credentials.js';
import { isDockerHub } from './hosts.js';
import type { RegistryAccess } from './open.js';

export interface LoginRequest {
  readonly access: RegistryAccess;
  /** docker.io, registry.example:5000 */
  readonly registry: string;
  readonly username: string;
  readonly password: string;
  readonly signal?: AbortSignal | undefined;
}

/** Where the secret is kept now. @throws ERR_REGISTRY_LOGIN when the registry does not take it */
export const login = async ({
  access,
  registry,
  username,
  password,
  signal,
}: LoginRequest): Promise<KeptCredentials> => {
  const given: Credentials = { kind: 'password', username, password };
  const token = await tryCredentials({ access, registry, credentials: given, signal });
  return access.credentials.save(registry, token === undefined ? given : { kind: 'identityToken', token });
};

/** Tries what is kept. Undefined when nothing is. @throws ERR_REGISTRY_LOGIN when the registry does not take it */
export const loginAgain = async ({
  access,
  registry,
  signal,
}: Pick<LoginRequest, 'access' | 'registry' | 'signal'>): Promise<{ readonly username?: string } | undefined> => {
  const credentials = await access.credentials.find(registry);
  if (credentials === undefined) return undefined;
  await tryCredentials({ access, registry, credentials, signal });
  return credentials.kind === 'password' ? { username: credentials.username } : {};
};

interface Trial extends Pick<LoginRequest, 'access' | 'registry' | 'signal'> {
  readonly credentials: Credentials;
}

/** The token that may be kept instead, where there is one. */
const tryCredentials = async ({ access, registry, credentials, signal }: Trial): Promise<string | undefined> => {
  const { client, identityToken } = access.loginClient(registry, credentials);
  try {
    await client.ping(signal);
    return await identityToken();
  } catch (error) {
    if (!isSampanError(error, 'ERR_REGISTRY_UNAUTHORIZED')) throw error;
    // not as cause: its advice is to log in
    throw sampanError('ERR_REGISTRY_LOGIN', {
      subject: `${registry}: wrong user name, password or token`,
      hint: isDockerHub(registry) ? 'an account with two-factor authentication needs an access token' : undefined,
    });
  }
};
