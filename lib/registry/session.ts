// SPDX-License-Identifier: Apache-2.0
// Requests to one registry, as its client makes them.
//
// How this works: the first request finds out whether https answers (plain http is tried only where it is allowed);
// each request then carries what authorization is known, is repeated once or twice when the registry asks for (other)
// authorization, and is repeated after a pause when the registry is busy or the connection broke.

import type { Authorizer } from './auth.js';
import type { StepSubject } from './contract.js';
import { connectionError, errorCodeOf, isPlainHttpAnswer, isTransient, statusError } from './failure.js';
import { hostOf, splitHost } from './hosts.js';
import { discardBody, readErrorBody } from './read-body.js';
import { sendFollowing } from './redirects.js';
import { delayBefore, isRetryableStatus, parseRetryAfter, pause, type RetryPolicy } from './retry.js';
import type { HttpRequest, HttpResponse, Method, Transport } from './transport.js';

export interface SessionRequest {
  readonly method: Method;
  /** /v2/...; a URL is one that the registry gave out */
  readonly target: string | URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: NonNullable<HttpRequest['body']>;
  readonly scopes: readonly string[];
  readonly subject: StepSubject;
  /** what counts as an answer; everything else is an error */
  readonly expect: readonly number[];
  readonly signal?: AbortSignal | undefined;
  /** false: the caller knows better how to go on */
  readonly retry?: boolean;
  readonly headersTimeoutMs?: number;
}

export interface Session {
  /** the registry's name, as people write it */
  readonly registry: string;
  origin(subject: StepSubject, signal?: AbortSignal): Promise<URL>;
  request(request: SessionRequest): Promise<HttpResponse>;
}

export interface SessionOptions {
  readonly registry: string;
  readonly transport: Transport;
  readonly authorizer: Authorizer;
  readonly allowHttp: boolean;
  readonly retry: RetryPolicy;
}

/** no authorization, then a token, then a fresh token instead of one that ran out */
const mostChallenges = 2;

export const openSession = (options: SessionOptions): Session => {
  let found: Promise<URL> | undefined;
  const origin = async (subject: StepSubject, signal?: AbortSignal): Promise<URL> => {
    found ??= findOrigin(options, subject, signal);
    try {
      return await found;
    } catch (error) {
      found = undefined;
      throw error;
    }
  };
  return {
    registry: options.registry,
    origin,
    request: async (request) => requestWithRetries(options, request, await origin(request.subject, request.signal)),
  };
};

/** https, or http where that is allowed and nothing else answers. */
const findOrigin = async (
  { registry, transport, allowHttp, retry }: SessionOptions,
  subject: StepSubject,
  signal: AbortSignal | undefined,
): Promise<URL> => {
  const secure = new URL(`https://${hostOf(registry)}`);
  if (!allowHttp) return secure;
  for (let attempt = 1; ; attempt++) {
    try {
      await discardBody(await transport.send({ method: 'GET', url: new URL('/v2/', secure), headers: {}, signal }));
      return secure;
    } catch (error) {
      signal?.throwIfAborted();
      const nobodyThere = errorCodeOf(error) === 'ECONNREFUSED' && splitHost(registry).port === undefined;
      // some servers hang up on a TLS hello instead of answering it in plain text
      const hungUp = ['ECONNRESET', 'UND_ERR_SOCKET', 'EPROTO'].includes(errorCodeOf(error));
      if (isPlainHttpAnswer(error) || nobodyThere || hungUp) return new URL(`http://${hostOf(registry)}`);
      const delay = isTransient(error) ? delayBefore(retry, attempt) : undefined;
      if (delay === undefined) throw connectionError(subject, error);
      await pause(delay, signal);
    }
  }
};

const requestWithRetries = async (
  options: SessionOptions,
  request: SessionRequest,
  origin: URL,
): Promise<HttpResponse> => {
  const policy = request.retry === false ? { ...options.retry, attempts: 1 } : options.retry;
  for (let attempt = 1; ; attempt++) {
    let response: HttpResponse;
    try {
      response = await requestAuthorized(options, request, origin);
    } catch (error) {
      request.signal?.throwIfAborted();
      const delay = isTransient(error) ? delayBefore(policy, attempt) : undefined;
      if (delay === undefined) throw connectionError(request.subject, error);
      await pause(delay, request.signal);
      continue;
    }
    if (request.expect.includes(response.status)) return response;
    const retryAfter = parseRetryAfter(response.headers['retry-after'], Date.now());
    const delay = isRetryableStatus(response.status) ? delayBefore(policy, attempt, retryAfter) : undefined;
    // what another host says is not the registry's word, and may be what only this machine can read
    const isOwn = response.url.origin === origin.origin;
    const said = await readErrorBody(response, request.subject);
    if (delay === undefined)
      throw statusError(request.subject, response.status, isOwn ? options.authorizer.redact(said) : '');
    await pause(delay, request.signal);
  }
};

const requestAuthorized = async (
  { transport, authorizer }: SessionOptions,
  request: SessionRequest,
  origin: URL,
): Promise<HttpResponse> => {
  const url = typeof request.target === 'string' ? new URL(request.target, origin) : request.target;
  const context = { scopes: request.scopes, origin, subject: request.subject, signal: request.signal };
  for (let challenges = 0; ; challenges++) {
    // a url at another host, as uploads have it, gets no secret
    const authorization = url.origin === origin.origin ? await authorizer.header(context) : undefined;
    const response = await sendFollowing(
      transport,
      {
        method: request.method,
        url,
        headers: request.headers ?? {},
        signal: request.signal,
        ...(request.body === undefined ? {} : { body: request.body }),
        ...(request.headersTimeoutMs === undefined ? {} : { headersTimeoutMs: request.headersTimeoutMs }),
      },
      { authorization, subject: request.subject },
    );
    if (response.status !== 401 || response.url.origin !== origin.origin || challenges >= mostChallenges)
      return response;
    const goesOn = await authorizer.challenged(context, response.headers['www-authenticate'], authorization);
    if (!goesOn) return response;
    await discardBody(response);
  }
};
