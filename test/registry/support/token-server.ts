// SPDX-License-Identifier: Apache-2.0
// A token server as docker-registry expects one (distribution, "Token Authentication Implementation"): JWTs, signed
// with a key whose certificate the registry trusts.

import { execFileSync } from 'node:child_process';
import { createSign, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { closeNow, listen } from './listen.js';
import { testPassword, testUser } from './counterparts.js';

export interface SeenTokenRequest {
  readonly method: string;
  readonly scopes: readonly string[];
  readonly authorization: string | undefined;
  readonly form: URLSearchParams;
  readonly query: URLSearchParams;
}

export interface TokenServer extends AsyncDisposable {
  readonly realm: string;
  /** PEM that the registry trusts */
  readonly rootBundle: string;
  readonly seen: SeenTokenRequest[];
  /** what the next tokens are like; -60 has run out already */
  lifeSeconds: number;
  /** what the answer says of it */
  announcedSeconds: number;
  /** given out to who asks for an offline token, and taken instead of the password */
  refreshToken: string | undefined;
  /** status of the next answer */
  failNext: number | undefined;
}

export const startTokenServer = async (directory: string): Promise<TokenServer> => {
  const [key, rootBundle] = [join(directory, 'token.key'), join(directory, 'token.pem')];
  const subject = ['-subj', '/CN=token', '-days', '2', '-nodes'];
  execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', ...subject, '-keyout', key, '-out', rootBundle], {
    stdio: 'ignore',
  });
  const sign = signer(readFileSync(key, 'utf8'), readFileSync(rootBundle, 'utf8'));
  const server = createServer((request, response) => {
    void respond(state, sign, request, response);
  });
  const port = await listen(server);
  const state: TokenServer = {
    realm: `http://127.0.0.1:${String(port)}/token`,
    rootBundle,
    seen: [],
    lifeSeconds: 300,
    announcedSeconds: 300,
    refreshToken: undefined,
    failNext: undefined,
    [Symbol.asyncDispose]: () => closeNow(server),
  };
  return state;
};

const respond = async (
  state: TokenServer,
  sign: Signer,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> => {
  const seen = await readRequest(state, request);
  state.seen.push(seen);
  const fail = state.failNext;
  state.failNext = undefined;
  const isKnown = isRightSecret(state, seen);
  const isAnonymous = seen.authorization === undefined && !seen.form.has('refresh_token');
  if (fail !== undefined || (!isKnown && !isAnonymous)) {
    response.writeHead(fail ?? 401).end('{}');
    return;
  }
  response.setHeader('content-type', 'application/json');
  response.end(
    JSON.stringify({
      token: sign(isKnown ? seen.scopes : seen.scopes.map((scope) => scope.replace(',push', '')), state.lifeSeconds),
      expires_in: state.announcedSeconds,
      ...(seen.query.get('offline_token') === 'true' ? { refresh_token: state.refreshToken } : {}),
    }),
  );
};

const readRequest = async (state: TokenServer, request: IncomingMessage): Promise<SeenTokenRequest> => {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  const query = new URL(request.url ?? '/', state.realm).searchParams;
  const form = new URLSearchParams(Buffer.concat(chunks).toString());
  const scopes = [...query.getAll('scope'), ...form.getAll('scope').flatMap((scope) => scope.split(' '))];
  return { method: request.method ?? '', scopes, authorization: request.headers.authorization, form, query };
};

const isRightSecret = ({ refreshToken }: TokenServer, { authorization, form }: SeenTokenRequest): boolean =>
  authorization === `Basic ${Buffer.from(`${testUser}:${testPassword}`).toString('base64')}` ||
  (refreshToken !== undefined && form.get('refresh_token') === refreshToken);

type Signer = (scopes: readonly string[], lifeSeconds: number) => string;

const signer = (key: string, certificate: string): Signer => {
  const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const header = { typ: 'JWT', alg: 'RS256', x5c: [new X509Certificate(certificate).raw.toString('base64')] };
  return (scopes, lifeSeconds) => {
    const now = Math.floor(Date.now() / 1000);
    const access = scopes.map((scope) => {
      const [type = '', name = '', actions = ''] = scope.split(':');
      return { type, name, actions: actions.split(',') };
    });
    const times = { iat: now - 600, nbf: now - 600, exp: now + lifeSeconds };
    const claims = { iss: 'test', sub: testUser, aud: 'test', jti: String(Math.random()), access, ...times };
    const text = `${encode(header)}.${encode(claims)}`;
    return `${text}.${createSign('RSA-SHA256').update(text).sign(key).toString('base64url')}`;
  };
};
