// SPDX-License-Identifier: Apache-2.0
// The reference grammar: what docker accepts and how it completes and shortens names.

import {
  familiarReference,
  formatReference,
  parseReference,
  parseTaggedReference,
} from '../../../lib/image/reference.js';

const digest = `sha256:${'ab'.repeat(32)}`;

test.each([
  ['debian', 'docker.io/library/debian:latest', 'debian:latest'],
  ['debian:12', 'docker.io/library/debian:12', 'debian:12'],
  ['docker.io/debian', 'docker.io/library/debian:latest', 'debian:latest'],
  ['docker.io/library/debian', 'docker.io/library/debian:latest', 'debian:latest'],
  ['index.docker.io/library/debian', 'docker.io/library/debian:latest', 'debian:latest'],
  ['user/app', 'docker.io/user/app:latest', 'user/app:latest'],
  ['docker.io/library/a/b', 'docker.io/library/a/b:latest', 'library/a/b:latest'],
  ['localhost/app:1', 'localhost/app:1', 'localhost/app:1'],
  ['localhost:5000/app', 'localhost:5000/app:latest', 'localhost:5000/app:latest'],
  ['registry.example/a/b/c:V1', 'registry.example/a/b/c:V1', 'registry.example/a/b/c:V1'],
  ['UPPER/app', 'UPPER/app:latest', 'UPPER/app:latest'],
  ['[2001:db8::1]:5000/app', '[2001:db8::1]:5000/app:latest', '[2001:db8::1]:5000/app:latest'],
  [`debian@${digest}`, `docker.io/library/debian@${digest}`, `debian@${digest}`],
  [`debian:12@${digest}`, `docker.io/library/debian:12@${digest}`, `debian:12@${digest}`],
  ['user/a__b.c-d---e', 'docker.io/user/a__b.c-d---e:latest', 'user/a__b.c-d---e:latest'],
])('%s is %s in full and %s for people', (text, full, familiar) => {
  const reference = parseTaggedReference(text);
  expect(formatReference(reference)).toBe(full);
  expect(familiarReference(reference)).toBe(familiar);
  expect(parseTaggedReference(familiar)).toEqual(reference);
  expect(parseTaggedReference(full)).toEqual(reference);
});

test.each([
  [''],
  ['Debian'],
  ['debian:'],
  ['debian:-x'],
  [`debian:${'t'.repeat(129)}`],
  ['debian@sha256:12'],
  [`debian@sha512:${'ab'.repeat(64)}`],
  ['-debian'],
  ['debian/'],
  ['/debian'],
  ['a//b'],
  ['a..b'],
  ['a___b'],
  ['host_name.example/app'],
  ['registry.example/App'],
  ['registry.example:port/app'],
  ['ab'.repeat(32)],
  ['a'.repeat(256)],
  ['de bian'],
  ['debian\n'],
  ['../../etc/passwd'],
])('%j is refused', (text) => {
  expect(() => parseReference(text)).toThrow(expect.objectContaining({ code: 'ERR_INVALID_REFERENCE' }));
});

test('a name without tag and digest stays so until it is completed', () => {
  expect(parseReference('debian')).toEqual({ domain: 'docker.io', path: 'library/debian' });
});
