// SPDX-License-Identifier: Apache-2.0
import { placesOf, requestsMeant, withoutPlaces } from '../../../../lib/engine/container/port-places.js';
import { readPublish } from '../../../../lib/options/parse/ports.js';
import type { PublishedPort } from '../../../../lib/spec/ports.js';

const place = (hostAddress: string, hostPort: number, port: number): PublishedPort => ({
  port,
  protocol: 'tcp',
  hostAddress,
  hostPort,
});
const asked = (...texts: readonly string[]) => texts.flatMap((text) => readPublish(text));

const published = [
  place('0.0.0.0', 8080, 80),
  place('::', 8080, 80),
  place('127.0.0.1', 9000, 80),
  place('0.0.0.0', 32768, 443),
  place('::', 32768, 443),
];
const recorded = asked('8080:80', '127.0.0.1:9000:80', '443');

test.each([
  ['80', [0, 1, 2], ['443']],
  ['8080:80', [0, 1], ['127.0.0.1:9000:80', '443']],
  ['[::]:8080:80', [1], ['0.0.0.0:8080:80', '127.0.0.1:9000:80', '443']],
  ['443', [3, 4], ['8080:80', '127.0.0.1:9000:80']],
  ['32000-33000:443', [3, 4], ['8080:80', '127.0.0.1:9000:80']],
])('%s means places %j, and leaves %j', (text, indexes, left) => {
  const places = placesOf(published, asked(text), 'web');
  expect(places).toEqual(indexes.map((index) => published[index]));
  expect(withoutPlaces(recorded, published, places)).toEqual(asked(...left));
});

test.each(['81', '80/udp', '8081:80', '127.0.0.2:9000:80'])('%s means nothing', (text) => {
  expect(() => placesOf(published, asked(text), 'web')).toThrow('of web');
  expect(() => requestsMeant(recorded, asked(text), 'web')).toThrow('of web');
});

test('a port of the host that nothing is published at is named as it was given', () => {
  expect(() => placesOf(published, asked('8081:80'), 'web')).toThrow('no public port 80/tcp of web at 8081');
  expect(() => placesOf(published, asked('8081-8082:80'), 'web')).toThrow('at 8081-8082');
});

test('of a container that does not run the request itself is meant', () => {
  expect(requestsMeant(recorded, asked('80'), 'web')).toEqual(asked('8080:80', '127.0.0.1:9000:80'));
  expect(requestsMeant(recorded, asked('9000:80'), 'web')).toEqual(asked('127.0.0.1:9000:80'));
});

test('of two requests that fit the one that says more is gone', () => {
  expect(withoutPlaces(asked('80', '8080:80'), published, published.slice(0, 2))).toEqual(asked('80'));
});
