// SPDX-License-Identifier: Apache-2.0
import { InvalidArgument } from '../../../lib/options/option.js';
import { readExpose, readPublish } from '../../../lib/options/parse/ports.js';
import { mergePorts } from '../../../lib/spec/ports.js';

const tcp = (port: number, more: object = {}): object => ({ port, protocol: 'tcp', ...more });
const at = (first: number, last = first): object => ({ hostPorts: { first, last } });

test.each([
  ['80', [tcp(80)]],
  ['8080:80', [tcp(80, at(8080))]],
  ['0:80', [tcp(80)]],
  ['8080:80/tcp', [tcp(80, at(8080))]],
  ['53:53/UDP', [{ port: 53, protocol: 'udp', ...at(53) }]],
  ['127.0.0.1:8080:80', [tcp(80, { hostAddress: '127.0.0.1', ...at(8080) })]],
  ['127.0.0.1::80', [tcp(80, { hostAddress: '127.0.0.1' })]],
  ['[::1]:8080:80', [tcp(80, { hostAddress: '::1', ...at(8080) })]],
  ['::1:8080:80', [tcp(80, { hostAddress: '::1', ...at(8080) })]],
  ['8000-8001:80-81', [tcp(80, at(8000)), tcp(81, at(8001))]],
  ['80-81', [tcp(80), tcp(81)]],
  ['8000-8010:80', [tcp(80, at(8000, 8010))]],
  ['target=80,published=8080', [tcp(80, at(8080))]],
  ['target=53,published=5353,protocol=udp,mode=host', [{ port: 53, protocol: 'udp', ...at(5353) }]],
  ['target=80', [tcp(80)]],
])('-p %s', (text, ports) => {
  expect(readPublish(text)).toEqual(ports);
});

test.each([
  ['', 'no port specified'],
  ['8080:', 'no port specified'],
  ['a:80', 'invalid hostPort: a'],
  ['80:b', 'invalid containerPort: b'],
  ['80:0', 'invalid containerPort: 0'],
  ['65536:80', 'invalid hostPort: 65536'],
  ['80:65536', 'invalid containerPort: 65536'],
  ['90-80:90-80', 'invalid containerPort: 90-80'],
  ['8000-8002:80-81', 'invalid ranges'],
  ['80/sctp', 'invalid proto: sctp'],
  ['80/tcp/udp', 'invalid proto'],
  ['256.0.0.1:80:80', 'invalid IP address: 256.0.0.1'],
  ['[127.0.0.1]:80:80', 'invalid IP address'],
  ['host:80:80', 'invalid IP address: host'],
  ['target=80,publish=1', 'invalid field key "publish"'],
  ['target=80,mode=x', 'invalid publish mode'],
  ['published=80', 'no port specified'],
  ['-1:80', 'invalid hostPort'],
  ['90-80:80', 'from the lower port'],
  ['[fe80::1]:80:80', 'link-local'],
  ['[fe80::1%eth0]:80:80', 'link-local'],
])('-p %s is refused', (text, message) => {
  expect(() => readPublish(text)).toThrow(InvalidArgument);
  expect(() => readPublish(text)).toThrow(message);
});

test('--expose takes ports, ranges and protocols, and nothing of the host', () => {
  expect(readExpose('53/udp')).toEqual([{ port: 53, protocol: 'udp' }]);
  expect(readExpose('80-81')).toEqual([tcp(80), tcp(81)]);
  expect(() => readExpose('80:80')).toThrow('invalid port format for --expose');
});

test('what listens is what the image, --expose and -p say, each once and in order', () => {
  const publish = readPublish('8080:80');
  const input = { exposed: readExpose('53/udp'), publish, publishAll: false, ofImage: ['443/tcp', '80', 'x/tcp'] };
  const exposed = [{ port: 53, protocol: 'udp' }, tcp(80), tcp(443)];
  expect(mergePorts(input)).toEqual({ exposed, publish });
  expect(mergePorts({ ...input, publishAll: true }).publish).toEqual([
    ...publish,
    { port: 53, protocol: 'udp' },
    tcp(443),
  ]);
});
