// SPDX-License-Identifier: Apache-2.0
// Bearer tokens (distribution's "Token Authentication Specification"): asked from the realm that the registry names,
// with a password by GET, with an identity token by POST (OAuth 2).

import type { Challenge } from './challenge.js';
import type { Credentials, StepSubject } from './contract.js';
import { connectionError, isTransient, registryError, statusError } from './failure.js';
import { isRecord } from './auth-file.js';
import { discardBody, readBody } from './read-body.js';
import { mayLeadTo, sendFollowing } from './redirects.js';
import { delayBefore, isRetryableStatus, parseRetryAfter, pause, type RetryPolicy } from './retry.js';
import type { HttpResponse, Transport } from './transport.js';

export interface Token {
  readonly value: string;
  /** on performance.now()'s clock */
  readonly expiresAtMs: number;
  /** an identity token, when one was asked for */
  readonly refreshToken?: string;
}

export interface TokenRequest {
  readonly challenge: Challenge;
  readonly scopes: readonly string[];
  readonly credentials: Credentials | undefined;
  /** the registry that asks for the token */
  readonly origin: URL;
  readonly allowHttp: boolean;
  readonly retry: RetryPolicy;
  readonly subject: StepSubject;
  /** login asks for a token that can be kept instead of the password */
  readonly offline?: boolean;
  readonly signal?: AbortSignal | undefined;
}

const largestTokenBytes = 1024 * 1024;
/** when the answer does not say: the specification's own default */
const defaultLifeSeconds = 60;
/** used up a little before its end, which is reckoned from before it was asked for */
const marginMs = 5_000;
const clientId = 'sampan';

/** @throws ERR_REGISTRY_UNAUTHORIZED when the secret is wrong */
export const fetchToken = async (transport: Transport, request: TokenRequest): Promise<Token> => {
  const subject = { ...request.subject, step: `${request.subject.step}: asking for a token` };
  const realm = realmOf(request, subject);
  const asked = performance.now();
  const response = await askWithRetries(transport, request, realm, subject);
  if (response.status === 401 || (response.status === 400 && request.credentials?.kind === 'identityToken')) {
    await discardBody(response);
    throw registryError('ERR_REGISTRY_UNAUTHORIZED', subject, {
      detail: request.credentials === undefined ? 'not without a login' : 'wrong user name, password or token',
      hint: `log in with 'sampan login ${subject.registry}'`,
    });
  }
  // the page of the realm may be of any host: its text is not shown
  if (response.status !== 200) {
    await discardBody(response);
    throw statusError(subject, response.status, '');
  }
  return parseToken(await readBody(response, largestTokenBytes, subject), asked, subject);
};

const askWithRetries = async (
  transport: Transport,
  request: TokenRequest,
  realm: URL,
  subject: StepSubject,
): Promise<HttpResponse> => {
  for (let attempt = 1; ; attempt++) {
    let delay: number | undefined;
    try {
      const response = await ask(transport, request, realm, subject);
      const retryAfter = parseRetryAfter(response.headers['retry-after'], Date.now());
      delay = isRetryableStatus(response.status) ? delayBefore(request.retry, attempt, retryAfter) : undefined;
      if (delay === undefined) return response;
      await discardBody(response);
    } catch (error) {
      request.signal?.throwIfAborted();
      delay = isTransient(error) ? delayBefore(request.retry, attempt) : undefined;
      if (delay === undefined) throw connectionError(subject, error);
    }
    await pause(delay, request.signal);
  }
};

const ask = async (
  transport: Transport,
  request: TokenRequest,
  realm: URL,
  subject: StepSubject,
): Promise<HttpResponse> => {
  const { credentials, scopes, challenge, signal } = request;
  const service = challenge.parameters['service'];
  if (credentials?.kind === 'identityToken') {
    const form = new URLSearchParams({
      grant_type: 'refresh_token',
      refresh_token: credentials.token,
      client_id: clientId,
      ...(service === undefined ? {} : { service }),
      ...(scopes.length === 0 ? {} : { scope: scopes.join(' ') }),
    });
    const body = Buffer.from(form.toString());
    return transport.send({
      method: 'POST',
      url: realm,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: () => body,
      signal,
    });
  }
  const url = new URL(realm);
  if (service !== undefined) url.searchParams.set('service', service);
  for (const scope of scopes) url.searchParams.append('scope', scope);
  if (credentials?.kind === 'password') url.searchParams.set('account', credentials.username);
  if (request.offline === true) {
    url.searchParams.set('offline_token', 'true');
    url.searchParams.set('client_id', clientId);
  }
  const authorization = credentials?.kind === 'password' ? basicHeader(credentials) : undefined;
  return sendFollowing(
    transport,
    { method: 'GET', url, headers: { accept: 'application/json' }, signal },
    { authorization, subject },
  );
};

export const basicHeader = ({ username, password }: { readonly username: string; readonly password: string }): string =>
  `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;

/** The realm is the registry's word: a secret goes there, so it must be worth it. */
const realmOf = ({ challenge, origin, allowHttp }: TokenRequest, subject: StepSubject): URL => {
  const text = challenge.parameters['realm'] ?? '';
  const refuse = (detail: string): Error => registryError('ERR_REGISTRY_ANSWER', subject, { detail });
  if (!URL.canParse(text)) throw refuse('the realm is no url');
  const realm = new URL(text);
  if (realm.protocol !== 'https:' && !(realm.protocol === 'http:' && allowHttp))
    throw refuse(`the realm is not https but ${realm.protocol}`);
  if (realm.username !== '' || realm.password !== '') throw refuse('the realm has a user in its url');
  if (!mayLeadTo(origin, realm)) throw refuse(`the realm is a local address: ${realm.host}`);
  return realm;
};

const parseToken = (content: Buffer, askedMs: number, subject: StepSubject): Token => {
  let value: unknown;
  try {
    value = JSON.parse(content.toString('utf8'));
  } catch {
    // the cause would quote what may be a token
    throw registryError('ERR_REGISTRY_ANSWER', subject, { detail: 'the answer is not JSON' });
  }
  const fields = isRecord(value) ? value : {};
  const text = [fields['token'], fields['access_token']].find(
    (item): item is string => typeof item === 'string' && item !== '',
  );
  // what does not fit into a header would let a realm write headers of its own
  if (text === undefined || !/^[\x21-\x7e]+$/.test(text))
    throw registryError('ERR_REGISTRY_ANSWER', subject, { detail: 'the answer has no token' });
  const life = fields['expires_in'];
  const seconds = typeof life === 'number' && life > 0 ? life : defaultLifeSeconds;
  const refreshToken = fields['refresh_token'];
  const lifeMs = seconds * 1000;
  return {
    value: text,
    expiresAtMs: askedMs + Math.max(lifeMs - marginMs, lifeMs / 2),
    ...(typeof refreshToken === 'string' && refreshToken !== '' ? { refreshToken } : {}),
  };
};
