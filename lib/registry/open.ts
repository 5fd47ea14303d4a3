// SPDX-License-Identifier: Apache-2.0
// Everything that commands need to talk to registries, put together once per command. Disposing it ends connections.

import { openAuthorizer, type Authorizer } from './auth.js';
import { openRegistryClient, type RegistryClient } from './client.js';
import type { Credentials, DebugLog } from './contract.js';
import { openCredentialStore, type CredentialStore, type CredentialStoreOptions } from './credentials.js';
import { allowsHttp, openRegistries, type Registries } from './registries.js';
import { defaultRetryPolicy, type RetryPolicy } from './retry.js';
import { openSession } from './session.js';
import { defaultTimeouts, openTransport, type Timeouts, type Transport } from './transport.js';

export interface RegistryAccess extends AsyncDisposable {
  readonly registries: Registries;
  readonly credentials: CredentialStore;
  readonly transport: Transport;
  readonly debug?: DebugLog | undefined;
  /** With the secrets for the repository, or for the registry as a whole. */
  client(registry: string, repository?: string): RegistryClient;
  /** With secrets that are not kept yet. */
  loginClient(
    registry: string,
    credentials: Credentials,
  ): { readonly client: RegistryClient; readonly identityToken: () => Promise<string | undefined> };
}

export interface RegistryAccessOptions extends CredentialStoreOptions {
  /** name and version of this program */
  readonly userAgent: string;
  /** absent: what the configuration files say */
  readonly registries?: Registries;
  readonly retry?: RetryPolicy;
  readonly timeouts?: Timeouts;
  readonly debug?: DebugLog;
}

const connectionsPerOrigin = 8;

/** @throws ERR_REGISTRY_CONFIG */
export const openRegistryAccess = async (options: RegistryAccessOptions): Promise<RegistryAccess> => {
  const { retry = defaultRetryPolicy, timeouts = defaultTimeouts, userAgent, debug } = options;
  const registries = options.registries ?? (await openRegistries(options));
  const credentials = openCredentialStore(options);
  const isInsecure = (host: string): boolean => registries.isInsecure(host);
  const transport = openTransport({
    environment: options,
    isInsecure,
    connectionsPerOrigin,
    timeouts,
    userAgent,
    debug,
  });
  const clients = new Map<string, RegistryClient>();

  const authorizerFor = (
    registry: string,
    find: () => Promise<Credentials | undefined>,
    offline: boolean,
  ): Authorizer =>
    openAuthorizer({ transport, allowHttp: allowsHttp(registries, registry), retry, offline, findCredentials: find });
  const clientWith = (registry: string, authorizer: Authorizer): RegistryClient =>
    openRegistryClient(
      openSession({ registry, transport, authorizer, allowHttp: allowsHttp(registries, registry), retry }),
      retry,
    );

  return {
    registries,
    credentials,
    transport,
    debug,
    client: (registry, repository) => {
      const key = `${registry}/${repository ?? ''}`;
      const client =
        clients.get(key) ??
        clientWith(
          registry,
          authorizerFor(registry, () => credentials.find(registry, repository), false),
        );
      clients.set(key, client);
      return client;
    },
    loginClient: (registry, given) => {
      const authorizer = authorizerFor(registry, async () => given, true);
      return { client: clientWith(registry, authorizer), identityToken: () => authorizer.identityToken() };
    },
    [Symbol.asyncDispose]: () => transport[Symbol.asyncDispose](),
  };
};
