// SPDX-License-Identifier: Apache-2.0
// One HTTP exchange, over a pool of kept-alive connections per origin, with that origin's proxy and certificates.
// undici is loaded here, when the first request is made, and nowhere else.

import type { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';
import { certificatesFor } from './certificates.js';
import type { DebugLog } from './contract.js';
import type { Environment } from './environment.js';
import { proxyFor } from './proxy.js';

export type Method = 'GET' | 'HEAD' | 'PUT' | 'POST' | 'PATCH';

export interface HttpRequest {
  readonly method: Method;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** made again for every try */
  readonly body?: () => Uint8Array | AsyncIterable<Uint8Array>;
  readonly signal?: AbortSignal | undefined;
  /** a registry takes long to answer when it checks a large upload */
  readonly headersTimeoutMs?: number;
}

export interface HttpResponse {
  readonly status: number;
  /** names in lower case; of several with one name, all joined with a comma */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Readable & { dump(options?: { readonly limit: number }): Promise<void> };
  readonly url: URL;
}

export interface Timeouts {
  readonly connectMs: number;
  readonly headersMs: number;
  /** between two pieces of a body */
  readonly idleMs: number;
}

export const defaultTimeouts: Timeouts = { connectMs: 15_000, headersMs: 60_000, idleMs: 30_000 };

export interface Transport extends AsyncDisposable {
  send(request: HttpRequest): Promise<HttpResponse>;
}

export interface TransportOptions {
  readonly environment: Environment;
  /** TLS is not verified there */
  readonly isInsecure: (host: string) => boolean;
  readonly connectionsPerOrigin: number;
  readonly timeouts: Timeouts;
  readonly userAgent: string;
  readonly debug?: DebugLog | undefined;
}

export const openTransport = (options: TransportOptions): Transport => {
  const dispatchers = new Map<string, Promise<Dispatcher>>();
  const dispatcherFor = (url: URL): Promise<Dispatcher> => {
    const known = dispatchers.get(url.origin);
    if (known !== undefined) return known;
    const made = openDispatcher(options, url);
    dispatchers.set(url.origin, made);
    return made;
  };
  return {
    send: async (request) => {
      const started = performance.now();
      const dispatcher = await dispatcherFor(request.url);
      request.signal?.throwIfAborted();
      const response = await exchange(dispatcher, request, options);
      options.debug?.({
        method: request.method,
        url: withoutQuery(request.url),
        status: response.status,
        ms: Math.round(performance.now() - started),
      });
      return response;
    },
    [Symbol.asyncDispose]: async () => {
      const opened = await Promise.allSettled(dispatchers.values());
      dispatchers.clear();
      // not close(): that would wait for what nobody reads any more
      await Promise.all(opened.flatMap((result) => (result.status === 'fulfilled' ? [result.value.destroy()] : [])));
    },
  };
};

/** Queries hold signatures and upload states, which are secrets of a kind. */
export const withoutQuery = (url: URL): string => `${url.origin}${url.pathname}`;

const exchange = async (
  dispatcher: Dispatcher,
  request: HttpRequest,
  options: TransportOptions,
): Promise<HttpResponse> => {
  const body = request.body?.();
  const {
    statusCode,
    headers,
    body: responseBody,
  } = await dispatcher.request({
    origin: request.url.origin,
    path: `${request.url.pathname}${request.url.search}`,
    method: request.method,
    headers: { 'user-agent': options.userAgent, ...request.headers },
    headersTimeout: request.headersTimeoutMs ?? options.timeouts.headersMs,
    bodyTimeout: options.timeouts.idleMs,
    ...(body === undefined ? {} : { body: await toBody(body) }),
    ...(request.signal === undefined ? {} : { signal: request.signal }),
  });
  // A body that fails with nobody reading would end the process; who reads sees the error all the same.
  responseBody.on('error', () => undefined);
  return {
    status: statusCode,
    headers: Object.fromEntries(
      Object.entries(headers).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]])),
    ),
    body: responseBody,
    url: request.url,
  };
};

const toBody = async (body: Uint8Array | AsyncIterable<Uint8Array>): Promise<Uint8Array | Readable> => {
  if (body instanceof Uint8Array) return body;
  const { Readable: NodeReadable } = await import('node:stream');
  return NodeReadable.from(body, { objectMode: false, highWaterMark: 1024 * 1024 });
};

const openDispatcher = async (
  { environment, isInsecure, connectionsPerOrigin, timeouts }: TransportOptions,
  url: URL,
): Promise<Dispatcher> => {
  const { Pool, ProxyAgent } = await import('undici');
  const tls = url.protocol === 'https:' ? await tlsOptions(environment, url, isInsecure(url.host)) : {};
  const proxy = proxyFor(environment, url);
  if (proxy === undefined) {
    return new Pool(url.origin, {
      connections: connectionsPerOrigin,
      connect: { ...tls, timeout: timeouts.connectMs },
    });
  }
  return new ProxyAgent({
    uri: proxy.url,
    connections: connectionsPerOrigin,
    requestTls: { ...tls, timeout: timeouts.connectMs },
    proxyTls: { timeout: timeouts.connectMs },
    ...(proxy.authorization === undefined ? {} : { token: proxy.authorization }),
  });
};

const tlsOptions = async (environment: Environment, url: URL, insecure: boolean) => {
  const { createSecureContext } = await import('node:tls');
  const { authorities, certificate, key } = certificatesFor(environment, url.host);
  return {
    rejectUnauthorized: !insecure,
    secureContext: createSecureContext({
      minVersion: 'TLSv1.2',
      ...(authorities === undefined ? {} : { ca: [...authorities] }),
      ...(certificate === undefined || key === undefined ? {} : { cert: certificate, key }),
    }),
  };
};
