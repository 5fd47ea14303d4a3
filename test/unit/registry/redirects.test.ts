// SPDX-License-Identifier: Apache-2.0
import { isLinkLocal, isLoopback, splitHost } from '../../../lib/registry/hosts.js';
import { checkDepth } from '../../../lib/registry/json-depth.js';
import { resolveLocation } from '../../../lib/registry/redirects.js';

const subject = { registry: 'r.example', repository: 'app', step: 'downloading' };

describe('redirects', () => {
  test.each([
    ['/v2/x', 'https://r.example/v2/y', 'https://r.example/v2/x'],
    ['https://cdn.example/blob?sig=1', 'https://r.example/', 'https://cdn.example/blob?sig=1'],
    ['http://127.0.0.1:6000/x', 'http://127.0.0.1:5000/', 'http://127.0.0.1:6000/x'],
    ['http://b.example/x', 'http://a.example/', 'http://b.example/x'],
  ])('%s from %s', (location, from, expected) => {
    expect(resolveLocation(location, new URL(from), subject).href).toBe(expected);
  });

  test.each([
    ['http://r.example/x', 'https to http'],
    ['https://u:p@cdn.example/', 'a user in its url'],
    ['file:///etc/passwd', 'leads to file:'],
    ['https://127.0.0.1/x', 'local address'],
    ['https://2130706433/x', 'local address'],
    ['https://localhost:8080/', 'local address'],
    ['https://[::1]/', 'local address'],
    ['https://[::ffff:127.0.0.1]/', 'local address'],
    ['https://169.254.169.254/latest', 'local address'],
    ['https://', 'no url'],
  ])('%s is refused', (location, problem) => {
    expect(() => resolveLocation(location, new URL('https://r.example/v2/'), subject)).toThrow(problem);
    expect(() => resolveLocation(location, new URL('https://r.example/v2/'), subject)).toThrow(
      'r.example/app: downloading',
    );
  });
});

describe('hosts', () => {
  test.each([
    ['localhost', true],
    ['localhost:5000', true],
    ['127.1.2.3:80', true],
    ['[::1]:5000', true],
    ['127.0.0.1.example', false],
    ['r.example', false],
  ])('%s is loopback: %s', (host, expected) => {
    expect(isLoopback(host)).toBe(expected);
  });
  test('parts', () => {
    expect(splitHost('[fd00::1]:5000')).toEqual({ name: 'fd00::1', port: 5000 });
    expect(splitHost('R.example')).toEqual({ name: 'r.example' });
    expect(isLinkLocal('[fe80::1]')).toBe(true);
  });
});

describe('depth of JSON', () => {
  test('is bounded, and brackets in strings do not count', () => {
    expect(() => checkDepth(Buffer.from('['.repeat(65)), subject)).toThrow('deeper than 64');
    expect(() => checkDepth(Buffer.from(`{"a":"${'['.repeat(1000)}\\"["}`), subject)).not.toThrow();
    expect(() => checkDepth(Buffer.from('[],'.repeat(1000)), subject)).not.toThrow();
  });
});
