// SPDX-License-Identifier: Apache-2.0
// login: the secret is tried before it is kept, and a token is kept instead where the registry gives one.

import type { Credentials } from './contract.js';
import type { RegistryAccess } from './open.js';

export interface LoginRequest {
  readonly access: RegistryAccess;
  /** docker.io, registry.example:5000 */
  readonly registry: string;
  readonly username: string;
  readonly password: string;
  readonly signal?: AbortSignal | undefined;
}

/** Where the secret is kept now. @throws ERR_REGISTRY_UNAUTHORIZED when the registry does not take it */
export const login = async ({
  access,
  registry,
  username,
  password,
  signal,
}: LoginRequest): Promise<{ readonly keptIn: string }> => {
  const given: Credentials = { kind: 'password', username, password };
  const { client, identityToken } = access.loginClient(registry, given);
  await client.ping(signal);
  const token = await identityToken();
  return {
    keptIn: await access.credentials.save(registry, token === undefined ? given : { kind: 'identityToken', token }),
  };
};
