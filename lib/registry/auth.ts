// SPDX-License-Identifier: Apache-2.0
// The authorization of one registry: which scheme it asked for, the secrets for it, and the tokens that are still good.
// Secrets are looked up when the registry asks for them first, so that anonymous pulls start no credential helper.

import { parseChallenges, type Challenge } from './challenge.js';
import type { Credentials, StepSubject } from './contract.js';
import type { RetryPolicy } from './retry.js';
import { basicHeader, fetchToken, type Token } from './token.js';
import { makeTokenCache } from './token-cache.js';
import type { Transport } from './transport.js';

export interface AuthContext {
  /** repository:path:pull ... */
  readonly scopes: readonly string[];
  readonly origin: URL;
  readonly subject: StepSubject;
  readonly signal?: AbortSignal | undefined;
}

export interface Authorizer {
  /** Value of the Authorization header; undefined while nothing was asked for. */
  header(context: AuthContext): Promise<string | undefined>;
  /** Takes in a 401 to a request with this header; false when another try would be the same. */
  challenged(context: AuthContext, wwwAuthenticate: string | undefined, sent: string | undefined): Promise<boolean>;
  /** What login got instead of the password, when the realm gives such tokens. */
  identityToken(): Promise<string | undefined>;
  /** Takes every secret that is known here out of a text. */
  redact(text: string): string;
}

export interface AuthorizerOptions {
  readonly transport: Transport;
  readonly allowHttp: boolean;
  readonly retry: RetryPolicy;
  readonly findCredentials: () => Promise<Credentials | undefined>;
  /** at login: ask for a token that can be kept instead of the password */
  readonly offline?: boolean;
}

export const openAuthorizer = ({
  transport,
  allowHttp,
  retry,
  findCredentials,
  offline = false,
}: AuthorizerOptions): Authorizer => {
  const tokens = makeTokenCache();
  let challenge: Challenge | undefined;
  let found: Promise<Credentials | undefined> | undefined;
  const secrets = new Set<string>();

  const credentials = async (): Promise<Credentials | undefined> => {
    const result = await (found ??= findCredentials());
    if (result !== undefined) for (const secret of secretsOf(result)) secrets.add(secret);
    return result;
  };

  const tokenFor = async (context: AuthContext, bearer: Challenge): Promise<string> => {
    const scopes = scopesOf(context.scopes, bearer);
    const fetch = async (): Promise<Token> => {
      const { origin, subject } = context;
      // no signal: others wait for the same token, and it is a short exchange
      const request = {
        challenge: bearer,
        scopes,
        credentials: await credentials(),
        origin,
        allowHttp,
        retry,
        offline,
        subject,
      };
      return fetchToken(transport, request);
    };
    const { value } = await tokens.get(scopes.join(' '), fetch);
    secrets.add(value);
    return value;
  };

  const header = async (context: AuthContext): Promise<string | undefined> => {
    if (challenge === undefined) return undefined;
    const secret = await credentials();
    if (secret?.kind === 'registryToken') return `Bearer ${secret.token}`;
    if (challenge.scheme === 'bearer') return `Bearer ${await tokenFor(context, challenge)}`;
    return secret?.kind === 'password' ? basicHeader(secret) : undefined;
  };

  return {
    header,
    challenged: async (context, wwwAuthenticate, sent) => {
      const offered = chooseChallenge(wwwAuthenticate);
      if (offered === undefined) return false;
      challenge = offered;
      const secret = await credentials();
      if (offered.scheme === 'basic') return sent === undefined && secret?.kind === 'password';
      if (secret?.kind === 'registryToken') return sent === undefined;
      if (sent !== undefined) await tokens.drop(sent.slice('Bearer '.length));
      return true;
    },
    identityToken: async () => (await tokens.all()).flatMap(({ refreshToken }) => refreshToken ?? [])[0],
    redact: (text) =>
      [...secrets].reduce((rest, secret) => (secret.length < 4 ? rest : rest.replaceAll(secret, '***')), text),
  };
};

/** Bearer before Basic: a token opens less than a password. */
export const chooseChallenge = (header: string | undefined): Challenge | undefined => {
  const challenges = parseChallenges(header ?? '');
  return (
    challenges.find(({ scheme, parameters }) => scheme === 'bearer' && parameters['realm'] !== undefined) ??
    challenges.find(({ scheme }) => scheme === 'basic')
  );
};

/** What is needed, and what the registry says is needed. */
const scopesOf = (wanted: readonly string[], { parameters }: Challenge): readonly string[] =>
  wanted.length > 0
    ? [...new Set(wanted)].sort()
    : (parameters['scope'] ?? '').split(' ').filter((scope) => scope !== '');

const secretsOf = (credentials: Credentials): readonly string[] =>
  credentials.kind === 'password'
    ? [credentials.password, basicHeader(credentials).slice('Basic '.length)]
    : [credentials.token];
