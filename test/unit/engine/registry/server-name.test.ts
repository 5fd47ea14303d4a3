// SPDX-License-Identifier: Apache-2.0
import { parseSearchTerm, parseServer } from '../../../../lib/engine/registry/server-name.js';

describe('the registry of login and logout', () => {
  test.each([
    ['', 'docker.io'],
    ['docker.io', 'docker.io'],
    ['https://index.docker.io/v1/', 'docker.io'],
    ['registry-1.docker.io', 'docker.io'],
    ['registry.example', 'registry.example'],
    ['registry.example:5000', 'registry.example:5000'],
    ['http://registry.example:5000/v2/', 'registry.example:5000'],
    ['HTTPS://registry.example/', 'registry.example'],
    ['registry.example/team/app', 'registry.example'],
    ['localhost', 'localhost'],
    ['registry', 'registry'],
    ['[::1]:5000', '[::1]:5000'],
  ])('%j is %s', (text, registry) => {
    expect(parseServer(text)).toBe(registry);
  });

  test.each([
    '-',
    'a b',
    '../x',
    'user@registry.example',
    'registry.example:port',
    'https://',
    '/etc/passwd',
    'a\u001b[2J',
  ])('%j is refused', (text) => {
    expect(() => parseServer(text)).toThrow(expect.objectContaining({ code: 'ERR_INVALID_VALUE' }));
  });
});

describe('what search means', () => {
  test.each([
    ['debian', 'docker.io', 'debian'],
    ['library/debian', 'docker.io', 'debian'],
    ['user/name', 'docker.io', 'user/name'],
    ['docker.io/library/debian', 'docker.io', 'debian'],
    ['registry.example/term', 'registry.example', 'term'],
    ['registry.example/a/b', 'registry.example', 'a/b'],
    ['registry.example:5000/', 'registry.example:5000', ''],
    ['registry.example:5000', 'registry.example:5000', ''],
    ['localhost/', 'localhost', ''],
    // as docker has it, a dot alone makes no registry
    ['registry.example', 'docker.io', 'registry.example'],
  ])('%j', (text, registry, term) => {
    expect(parseSearchTerm(text)).toEqual({ registry, term });
  });

  test('a scheme is refused', () => {
    expect(() => parseSearchTerm('https://registry.example/x')).toThrow('scheme');
  });
});
