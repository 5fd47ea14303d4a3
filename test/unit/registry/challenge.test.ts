// SPDX-License-Identifier: Apache-2.0
import { chooseChallenge } from '../../../lib/registry/auth.js';
import { parseChallenges } from '../../../lib/registry/challenge.js';

describe('WWW-Authenticate', () => {
  const bearer = { scheme: 'bearer', parameters: { realm: 'https://auth.example/token', service: 'registry' } };
  const scope = 'repository:a/b:pull,push';

  test.each([
    ['Basic realm="x"', [{ scheme: 'basic', parameters: { realm: 'x' } }]],
    ['bearer Realm="https://auth.example/token",Service=registry', [bearer]],
    [
      `Bearer realm="https://auth.example/token", service="registry" ,scope="${scope}"`,
      [{ scheme: 'bearer', parameters: { ...bearer.parameters, scope } }],
    ],
    [
      'Basic realm="a, b", Bearer realm="c"',
      [
        { scheme: 'basic', parameters: { realm: 'a, b' } },
        { scheme: 'bearer', parameters: { realm: 'c' } },
      ],
    ],
    [
      'Negotiate YWJj==, Basic realm="x"',
      [
        { scheme: 'negotiate', parameters: {} },
        { scheme: 'basic', parameters: { realm: 'x' } },
      ],
    ],
    ['Basic realm="a \\" b"', [{ scheme: 'basic', parameters: { realm: 'a " b' } }]],
    ['Bearer realm="a",realm="b"', [{ scheme: 'bearer', parameters: { realm: 'a' } }]],
    ['', []],
    [',,, ', []],
    ['Bearer realm="never ends', [{ scheme: 'bearer', parameters: {} }]],
  ])('%s', (header, expected) => {
    expect(parseChallenges(header)).toEqual(expected);
  });

  test('is read in linear time, however hostile', () => {
    const started = performance.now();
    parseChallenges('a="'.repeat(1_000_000));
    parseChallenges(`Bearer ${'a='.repeat(1_000_000)}`);
    parseChallenges('a '.repeat(1_000_000));
    expect(performance.now() - started).toBeLessThan(500);
  });

  test('a token is preferred to a password, and a Bearer without a realm is none', () => {
    expect(chooseChallenge('Basic realm="x", Bearer realm="https://a/t"')?.scheme).toBe('bearer');
    expect(chooseChallenge('Bearer service="x", Basic realm="x"')?.scheme).toBe('basic');
    expect(chooseChallenge('Digest realm="x"')).toBeUndefined();
    expect(chooseChallenge(undefined)).toBeUndefined();
  });
});
