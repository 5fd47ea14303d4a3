// SPDX-License-Identifier: Apache-2.0
import { matchesNoProxy, proxyFor } from '../../../lib/registry/proxy.js';

const environment = (env: Readonly<Record<string, string>>) => ({ env, home: '/home/u', uid: 1000 });

describe('proxies', () => {
  test.each([
    ['*', 'https://a.example', true],
    ['example.org', 'https://example.org', true],
    ['example.org', 'https://a.example.org', true],
    ['example.org', 'https://notexample.org', false],
    ['.example.org', 'https://example.org', false],
    ['.example.org', 'https://a.example.org', true],
    ['*.example.org', 'https://a.example.org', true],
    ['example.org:443', 'https://example.org', true],
    ['example.org:8443', 'https://example.org', false],
    ['203.0.113.0/24', 'https://203.0.113.9:5000', true],
    ['203.0.113.0/24', 'https://198.51.100.9', false],
    ['fd00::/8', 'https://[fd00::1]:5000', true],
    ['203.0.113.0/99', 'https://203.0.113.9', false],
    ['a, b  ,EXAMPLE.org', 'https://example.org', true],
    ['', 'https://example.org', false],
  ])('NO_PROXY=%s and %s: %s', (exceptions, url, expected) => {
    expect(matchesNoProxy(exceptions, new URL(url))).toBe(expected);
  });

  test('the scheme chooses the variable; loopback goes without', () => {
    const set = environment({ HTTPS_PROXY: 'http://p.example:3128', http_proxy: 'q.example:80' });
    expect(proxyFor(set, new URL('https://a.example'))).toEqual({ url: 'http://p.example:3128' });
    expect(proxyFor(set, new URL('http://a.example'))).toEqual({ url: 'http://q.example' });
    expect(proxyFor(set, new URL('http://127.0.0.1:5000'))).toBeUndefined();
    expect(proxyFor(environment({}), new URL('https://a.example'))).toBeUndefined();
  });

  test('user and password leave the url', () => {
    const found = proxyFor(
      environment({ HTTPS_PROXY: 'http://me:p%40ss@p.example:3128' }),
      new URL('https://a.example'),
    );
    expect(found).toEqual({
      url: 'http://p.example:3128',
      authorization: `Basic ${Buffer.from('me:p@ss').toString('base64')}`,
    });
  });

  test('what is no proxy is an error that does not quote it', () => {
    const call = (): unknown =>
      proxyFor(environment({ HTTPS_PROXY: 'socks5://me:secret@p.example' }), new URL('https://a.example'));
    expect(call).toThrow(/HTTPS_PROXY is not the url/);
    expect(call).not.toThrow(/secret/);
  });
});
