// SPDX-License-Identifier: Apache-2.0
// Which published ports `port rm -p` means, and what remains of what was asked for. What a request leaves out matches
// everything: `-p 80` means port 80 of the container wherever it is published.

import { sampanError } from '../../errors/sampan-error.js';
import { portKey, type PortRange, type PublishedPort, type PublishRequest } from '../../spec/ports.js';

/** @throws ERR_NOT_PUBLISHED for a request that means none */
export const placesOf = (
  published: readonly PublishedPort[],
  requests: readonly PublishRequest[],
  name: string,
): readonly PublishedPort[] => {
  for (const request of requests) {
    if (!published.some((place) => means(request, place))) throw notPublished(request, name);
  }
  return placesMeant(published, requests);
};

export const placesMeant = (
  published: readonly PublishedPort[],
  requests: readonly PublishRequest[],
): readonly PublishedPort[] => published.filter((place) => requests.some((request) => means(request, place)));

const means = (request: PublishRequest, place: PublishedPort): boolean =>
  portKey(request) === portKey(place) &&
  (request.hostAddress ?? place.hostAddress) === place.hostAddress &&
  contains(request.hostPorts, place.hostPort);

const contains = (range: PortRange | undefined, port: number): boolean =>
  range === undefined || (range.first <= port && port <= range.last);

/** The same for a container that does not run: what of its next start is meant. @throws ERR_NOT_PUBLISHED */
export const requestsMeant = (
  recorded: readonly PublishRequest[],
  requests: readonly PublishRequest[],
  name: string,
): readonly PublishRequest[] => {
  for (const request of requests) {
    if (!recorded.some((known) => meansRequest(request, known))) throw notPublished(request, name);
  }
  return recorded.filter((known) => requests.some((request) => meansRequest(request, known)));
};

const meansRequest = (request: PublishRequest, known: PublishRequest): boolean =>
  portKey(request) === portKey(known) &&
  (request.hostAddress === undefined || request.hostAddress === known.hostAddress) &&
  (request.hostPorts === undefined || rangeText(request.hostPorts) === rangeText(known.hostPorts));

const rangeText = (range: PortRange | undefined): string =>
  range === undefined
    ? ''
    : range.first === range.last
      ? String(range.first)
      : `${String(range.first)}-${String(range.last)}`;

/** What remains of the requests when these places go. A request for all addresses that loses one asks for the others. */
export const withoutPlaces = (
  recorded: readonly PublishRequest[],
  published: readonly PublishedPort[],
  removed: readonly PublishedPort[],
): readonly PublishRequest[] => {
  const remaining = [...recorded];
  for (const place of removed) {
    const request = remaining.filter((candidate) => means(candidate, place)).toSorted(byExactness)[0];
    if (request === undefined) continue;
    const beside = published.filter(
      (other) => portKey(other) === portKey(place) && other.hostPort === place.hostPort && other !== place,
    );
    const instead =
      request.hostAddress === undefined ? beside.map(({ hostAddress }) => ({ ...request, hostAddress })) : [];
    remaining.splice(remaining.indexOf(request), 1, ...instead);
  }
  return remaining;
};

/** A place is that request's which says most about it. */
const byExactness = (one: PublishRequest, other: PublishRequest): number => exactness(other) - exactness(one);

const exactness = ({ hostAddress, hostPorts }: PublishRequest): number =>
  (hostAddress === undefined ? 0 : 4) + (hostPorts === undefined ? 0 : hostPorts.first === hostPorts.last ? 2 : 1);

const notPublished = (request: PublishRequest, name: string): Error => {
  const { hostAddress, hostPorts } = request;
  const place = [hostAddress, hostPorts === undefined ? undefined : rangeText(hostPorts)]
    .filter((part) => part !== undefined)
    .join(':');
  return sampanError('ERR_NOT_PUBLISHED', {
    subject: `${portKey(request)} of ${name}${place === '' ? '' : ` at ${place}`}`,
    hint: `'sampan port ${name}' lists the ports that are`,
  });
};
