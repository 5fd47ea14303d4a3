// SPDX-License-Identifier: Apache-2.0
import { formatEndpoint, parseEndpoint } from '../../../lib/image/endpoint.js';

test.each([
  ['docker://registry.example:5000/a/b:1', 'registry.example:5000/a/b:1'],
  ['registry.example/a', 'registry.example/a:latest'],
  ['debian', 'docker.io/library/debian:latest'],
])('%s is in a registry', (text, name) => {
  const endpoint = parseEndpoint(text);
  expect(endpoint.kind).toBe('registry');
  expect(formatEndpoint(endpoint)).toBe(name);
});

test.each([
  ['oci:dir', { kind: 'oci', path: 'dir' }],
  ['oci:dir:', { kind: 'oci', path: 'dir' }],
  [
    'oci-archive:/a/b.tar:registry.example:5000/a:1',
    { kind: 'oci-archive', path: '/a/b.tar', name: 'registry.example:5000/a:1' },
  ],
  ['docker-archive:b.tar:a', { kind: 'docker-archive', path: 'b.tar', name: 'a' }],
])('%s is a file', (text, endpoint) => {
  expect(parseEndpoint(text)).toEqual(endpoint);
});

test.each([
  ['', 'ERR_INVALID_REFERENCE'],
  ['docker://', 'ERR_INVALID_REFERENCE'],
  ['docker://A b', 'ERR_INVALID_REFERENCE'],
  ['oci:', 'ERR_INVALID_VALUE'],
  ['oci::name', 'ERR_INVALID_VALUE'],
  ['dir:x', 'ERR_NOT_SUPPORTED'],
  ['docker-daemon:debian:12', 'ERR_NOT_SUPPORTED'],
])('%j is refused', (text, code) => {
  expect(() => parseEndpoint(text)).toThrow(expect.objectContaining({ code }));
});
