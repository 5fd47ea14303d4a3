// SPDX-License-Identifier: Apache-2.0
// Follows redirects of GET and HEAD. Registries send blobs from other hosts; the secret stays with the one it is for,
// and nobody is led from https to http or to an address that only this machine can reach.

import type { StepSubject } from './contract.js';
import { registryError } from './failure.js';
import { isLinkLocal, isLoopback } from './hosts.js';
import { discardBody } from './read-body.js';
import { withoutQuery, type HttpRequest, type HttpResponse, type Transport } from './transport.js';

const mostRedirects = 8;
const redirectStatuses = [301, 302, 303, 307, 308];

export interface FollowOptions {
  readonly authorization?: string | undefined;
  readonly subject: StepSubject;
}

/** @throws ERR_REGISTRY_ANSWER for a redirect that must not be followed */
export const sendFollowing = async (
  transport: Transport,
  request: HttpRequest,
  { authorization, subject }: FollowOptions,
): Promise<HttpResponse> => {
  let url = request.url;
  let isTrusted = true;
  for (let hops = 0; ; hops++) {
    const headers = isTrusted && authorization !== undefined ? { ...request.headers, authorization } : request.headers;
    const response = await transport.send({ ...request, url, headers });
    const location = response.headers['location'];
    const isRedirect = redirectStatuses.includes(response.status) && location !== undefined;
    if (!isRedirect || (request.method !== 'GET' && request.method !== 'HEAD')) return response;
    await discardBody(response);
    if (hops >= mostRedirects) throw registryError('ERR_REGISTRY_ANSWER', subject, { detail: 'too many redirects' });
    const next = resolveLocation(location, url, subject);
    // once gone, a way back does not bring the secret back
    isTrusted &&= next.origin === url.origin;
    url = next;
  }
};

/** A url that a registry sends somebody to. @throws ERR_REGISTRY_ANSWER */
export const resolveLocation = (location: string, from: URL, subject: StepSubject): URL => {
  const refuse = (detail: string): Error => registryError('ERR_REGISTRY_ANSWER', subject, { detail });
  if (!URL.canParse(location, from.href)) throw refuse('the redirect leads to no url');
  const next = new URL(location, from);
  if (next.protocol !== 'https:' && next.protocol !== 'http:') throw refuse(`the redirect leads to ${next.protocol}`);
  if (from.protocol === 'https:' && next.protocol === 'http:')
    throw refuse(`the redirect leads from https to http: ${withoutQuery(next)}`);
  if (next.username !== '' || next.password !== '') throw refuse('the redirect has a user in its url');
  if (!mayLeadTo(from, next)) throw refuse(`the redirect leads to a local address: ${withoutQuery(next)}`);
  return next;
};

/** A registry somewhere else has no business with addresses that mean this machine. */
export const mayLeadTo = (from: URL, next: URL): boolean =>
  next.host === from.host || (!isLinkLocal(next.host) && (!isLoopback(next.host) || isLoopback(from.host)));
