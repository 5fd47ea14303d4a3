// SPDX-License-Identifier: Apache-2.0
// Every option of run and create, and what it makes of the request.

import type { Caller } from '../../../lib/options/caller.js';
import { runOptions, toCreateRequest } from '../../../lib/options/create-request.js';
import { scan } from '../../../lib/options/scan.js';
import type { CreateRequest } from '../../../lib/spec/create-request.js';
import { plainRequest } from '../../support/request.js';

const files: Readonly<Record<string, string>> = {
  '/home/me/env': '# comment\n\nA=1\n  B=two words\nFROM_CALLER\nUNSET\nC="quoted"\r\nD=\n',
  '/home/me/bad-env': 'A=1\nB C=2\n',
  '/home/me/no-name': '=x\n',
  '/home/me/labels': '# comment\na=1\nb\nc=x=y\n',
};

const caller: Caller = {
  env: { FROM_CALLER: 'yes', EMPTY: '' },
  cwd: '/home/me',
  readTextFile: (path) => {
    const text = files[path];
    if (text === undefined)
      throw Object.assign(new Error(`ENOENT: no such file or directory, open '${path}'`), { code: 'ENOENT' });
    return text;
  },
};

const request = (...words: readonly string[]): CreateRequest => {
  const { values, rest } = scan([...words, 'image', 'cmd', '-x'], {
    options: runOptions,
    interspersed: false,
    command: 'sampan run',
  });
  const [image = '', ...command] = rest;
  return toCreateRequest({ values, image, command, caller, detached: false });
};

test('without options everything has its default', () => {
  expect(request()).toEqual({ ...plainRequest, image: 'image', command: ['cmd', '-x'] });
});

const bind = (source: string, target: string, more: object = {}): object => ({
  type: 'bind',
  source,
  target,
  readOnly: false,
  createSource: true,
  ...more,
});

const table: readonly (readonly [readonly string[], object])[] = [
  [['-it'], { openStdin: true, tty: true, stdinOnce: true }],
  [['-i', '-a', 'stdout'], { openStdin: true, stdinOnce: false }],
  [['--rm', '--name', 'web'], { autoRemove: true, name: 'web' }],
  [['--entrypoint', 'sh'], { entrypoint: ['sh'] }],
  [['--entrypoint', ''], { entrypoint: [] }],
  [['-u', 'nobody:adm', '-w', '/srv'], { user: 'nobody:adm', workingDir: '/srv' }],
  [['--group-add', 'a', '--group-add', '5'], { groupAdd: ['a', '5'] }],
  [['-e', 'A=1', '-e', 'FROM_CALLER', '-e', 'UNSET', '-e', 'EMPTY'], { env: ['A=1', 'FROM_CALLER=yes', 'EMPTY='] }],
  [['-e', 'A=2', '--env-file', 'env'], { env: ['A=1', 'B=two words', 'FROM_CALLER=yes', 'C="quoted"', 'D=', 'A=2'] }],
  [['-l', 'a=1', '--label', 'b', '-l', 'a=2'], { labels: { a: '2', b: '' } }],
  [['-l', 'a=mine', '--label-file', 'labels'], { labels: { a: 'mine', b: '', c: 'x=y' } }],
  [['--annotation', 'k=v'], { annotations: { k: 'v' } }],
  [['-v', '/a:/b'], { mounts: [bind('/a', '/b')] }],
  [['-v', './a:/b/:ro'], { mounts: [bind('/home/me/a', '/b', { readOnly: true })] }],
  [['-v', '.:/b:rw,Z'], { mounts: [bind('/home/me', '/b')] }],
  [['-v', '../x:/b:ro,rshared'], { mounts: [bind('/home/x', '/b', { readOnly: true, propagation: 'rshared' })] }],
  [
    ['--mount', 'type=bind,source=a,target=/b,readonly'],
    { mounts: [bind('/home/me/a', '/b', { createSource: false, readOnly: true })] },
  ],
  [
    ['--mount', 'type=bind,src=/a,dst=/b,ro=false,bind-propagation=slave,bind-nonrecursive=true,consistency=cached'],
    { mounts: [bind('/a', '/b', { createSource: false, propagation: 'slave', nonRecursive: true })] },
  ],
  [['--mount', 'type=bind,"source=/a,b",destination=/b'], { mounts: [bind('/a,b', '/b', { createSource: false })] }],
  [
    ['--mount', 'type=tmpfs,target=/t,tmpfs-size=64m,tmpfs-mode=1777'],
    { mounts: [{ type: 'tmpfs', target: '/t', options: ['size=67108864', 'mode=1777'], readOnly: false }] },
  ],
  [
    ['--tmpfs', '/t', '--tmpfs', '/u:size=1m,ro,mode=755'],
    {
      mounts: [
        { type: 'tmpfs', target: '/t', options: [], readOnly: false },
        { type: 'tmpfs', target: '/u', options: ['size=1m', 'mode=755'], readOnly: true },
      ],
    },
  ],
  [['--shm-size', '0'], { shmSizeBytes: 67_108_864 }],
  [['--read-only', '--shm-size', '1g'], { readOnlyRootfs: true, shmSizeBytes: 1_073_741_824 }],
  [['--network', 'host'], { networks: [{ name: 'host', aliases: [] }] }],
  [['--net=a', '--network-alias=x', '--ip=10.1.2.3'], { networks: [{ name: 'a', aliases: ['x'], ip: '10.1.2.3' }] }],
  [
    ['--network', 'name=a,alias=x,alias=y,ip6=fd00::2,mac-address=02-42-0A-00-00-01', '--network=b'],
    {
      networks: [
        { name: 'a', aliases: ['x', 'y'], ip6: 'fd00::2', macAddress: '02:42:0a:00:00:01' },
        { name: 'b', aliases: [] },
      ],
    },
  ],
  [['--ip6=fd00::2'], { networks: [{ name: 'bridge', aliases: [], ip6: 'fd00::2' }] }],
  [['-h', 'box', '--domainname', 'lan'], { hostname: 'box', domainname: 'lan' }],
  [
    ['--add-host', 'a:10.0.0.1', '--add-host', 'b=::1', '--add-host', 'c:[fe80::1]', '--add-host', 'd:host-gateway'],
    {
      addedHosts: [
        { name: 'a', address: '10.0.0.1' },
        { name: 'b', address: '::1' },
        { name: 'c', address: 'fe80::1' },
        { name: 'd', address: 'host-gateway' },
      ],
    },
  ],
  [
    ['--dns', '1.1.1.1', '--dns-search', 'lan', '--dns-option', 'ndots:2'],
    { dns: ['1.1.1.1'], dnsSearch: ['lan'], dnsOptions: ['ndots:2'] },
  ],
  [
    ['--cap-add', 'NET_ADMIN', '--cap-drop=ALL', '--privileged'],
    { capAdd: ['NET_ADMIN'], capDrop: ['ALL'], privileged: true },
  ],
  [['--security-opt', 'no-new-privileges'], { securityOptions: ['no-new-privileges'] }],
  [['--sysctl', 'net.a=1', '--sysctl', 'kernel.b=x y'], { sysctls: { 'net.a': '1', 'kernel.b': 'x y' } }],
  [
    ['--ulimit', 'nofile=1:2', '--ulimit', 'core=-1', '--ulimit', 'nproc=5'],
    {
      ulimits: [
        { name: 'nofile', soft: 1, hard: 2 },
        { name: 'core', soft: undefined, hard: undefined },
        { name: 'nproc', soft: 5, hard: 5 },
      ],
    },
  ],
  [['--oom-score-adj', '-500'], { oomScoreAdj: -500 }],
  [['--stop-signal', 'SIGINT', '--stop-timeout', '3'], { stopSignal: 'SIGINT', stopTimeoutSeconds: 3 }],
  [['--platform', 'linux/arm64', '--pull', 'never', '--init'], { platform: 'linux/arm64', pull: 'never', init: true }],
  [
    ['--log-opt', 'max-size=10m', '--log-opt', 'max-file=3'],
    { log: { driver: 'json-file', maxSizeBytes: 10_485_760, maxFiles: 3 } },
  ],
  [['--restart', 'always'], { restart: { policy: 'always', maximumRetryCount: 0 } }],
  [['--restart=unless-stopped'], { restart: { policy: 'unless-stopped', maximumRetryCount: 0 } }],
  [['--restart', 'on-failure'], { restart: { policy: 'on-failure', maximumRetryCount: 0 } }],
  [['--restart', 'on-failure:5'], { restart: { policy: 'on-failure', maximumRetryCount: 5 } }],
  [
    ['--health-cmd', 'a b', '--health-interval', '1m30s', '--health-retries', '2', '--health-timeout=0'],
    { health: { test: ['CMD-SHELL', 'a b'], interval: 90e9, retries: 2 } },
  ],
  [
    ['--health-start-period=1.5s', '--health-start-interval', '1ms'],
    { health: { test: [], startPeriod: 1.5e9, startInterval: 1e6 } },
  ],
  [['--no-healthcheck'], { health: { test: ['NONE'] } }],
  [['--log-driver', 'none'], { log: { driver: 'none', maxSizeBytes: 0, maxFiles: 1 } }],
];

test.each(table)('%j', (words, expected) => {
  expect(request(...words)).toMatchObject(expected);
});

test.each(['no', ''])('--restart %p is no policy, also with --rm', (policy) => {
  expect(request('--rm', '--restart', policy)).not.toHaveProperty('restart');
});

test('health options without a value of their own leave the image’s check alone', () => {
  expect(request('--health-cmd', '', '--health-interval', '0', '--no-healthcheck=false')).not.toHaveProperty('health');
});

test('a detached container keeps its stdin when a client leaves', () => {
  const { values } = scan(['-i', 'image'], { options: runOptions, interspersed: false, command: 'sampan run' });
  expect(toCreateRequest({ values, image: 'image', command: [], caller, detached: true })).toMatchObject({
    openStdin: true,
    stdinOnce: false,
  });
});

describe('mistakes', () => {
  test.each([
    [['-e', '=x'], 'invalid environment variable: =x'],
    [['-e', ''], 'invalid environment variable: '],
    [['-l', '=x'], "invalid label '=x': empty name"],
    [['-v', 'a:b:c:d'], 'invalid volume specification'],
    [['-v', '/a:b'], "'b' must be absolute"],
    [['-v', '/a:/'], "destination can't be '/'"],
    [['-v', '/a:/b:rx'], 'invalid mode: rx'],
    [['--mount', 'foo'], "invalid field 'foo' must be a key=value pair"],
    [['--mount', 'type=foo,target=/x'], "unknown mount type 'foo'"],
    [['--mount', 'type=bind,target=/x'], 'source is required'],
    [['--mount', 'type=bind,source=/x'], 'target is required'],
    [['--mount', 'type=bind,source=/x,target=y'], "'y' must be absolute"],
    [['--mount', 'type=tmpfs,source=/x,target=/y'], 'a tmpfs mount has no source'],
    [['--mount', 'type=tmpfs,target=/y,tmpfs-size=big'], 'invalid value for tmpfs-size: big'],
    [['--mount', 'type=tmpfs,target=/y,tmpfs-mode=9'], 'invalid value for tmpfs-mode: 9'],
    [['--mount', 'type=bind,src=/a,dst=/b,color=red'], "unexpected key 'color'"],
    [['--mount', 'type=bind,src=/a,dst=/b,readonly=maybe'], 'neither true nor false'],
    [['--mount', 'type=bind,src=/a,dst=/b,bind-propagation=x'], 'invalid propagation: x'],
    [['--mount', 'a"b'], 'misplaced quote'],
    [['--tmpfs', 'x'], "'x' must be absolute"],
    [['--add-host', 'foo'], 'bad format for add-host'],
    [['--add-host', 'foo:999.1.1.1'], 'invalid IP address in add-host'],
    [['--dns', 'foo'], 'IP address is not correctly formatted: foo'],
    [['--dns-search', 'a b'], 'not a valid domain'],
    [['-h', 'a b'], 'a host name has'],
    [['--ulimit', 'foo'], 'invalid ulimit argument: foo'],
    [['--ulimit', 'foo=1'], 'invalid ulimit type: foo'],
    [['--ulimit', 'nofile=2:1'], 'ulimit soft limit must be less than or equal to hard limit: 2 > 1'],
    [['--ulimit', 'nofile=-1:1'], 'ulimit soft limit must be less'],
    [['--shm-size', 'abc'], "invalid size: 'abc'"],
    [['--shm-size', '-1'], "invalid size: '-1'"],
    [['--oom-score-adj', '1001'], 'between -1000 and 1000'],
    [['--stop-signal', 'NOPE'], 'invalid signal: NOPE'],
    [['--stop-timeout', '-2'], 'in seconds'],
    [['--restart', 'sometimes'], "unknown policy 'sometimes'"],
    [['--restart', ':3'], 'no policy provided before colon'],
    [['--restart', 'always:3'], "maximum retry count can only be used with 'on-failure'"],
    [['--restart', 'no:3'], "maximum retry count can only be used with 'on-failure'"],
    [['--restart', 'on-failure:x'], 'maximum retry count must be an integer'],
    [['--restart', 'on-failure:99999999999'], 'maximum retry count must be an integer'],
    [['--restart', 'on-failure:-1'], 'maximum retry count cannot be negative'],
    [['--health-interval', 'x'], "invalid duration 'x'"],
    [['--health-timeout', '-1s'], '--health-timeout cannot be negative'],
    [['--health-start-period', '1us'], '--health-start-period cannot be less than 1ms'],
    [['--health-retries', '-1'], '--health-retries cannot be negative'],
    [['--health-retries', '1', '--no-healthcheck'], '--no-healthcheck conflicts with --health-* options'],
    [['--pull', 'foo'], "invalid pull option: 'foo'"],
    [['--sysctl', 'foo'], "sysctl 'foo' has no value"],
    [['--log-driver', 'x'], 'give json-file or none'],
    [['-a', 'foo'], 'valid streams are STDIN, STDOUT and STDERR'],
    [['--detach-keys', 'ctrl-1'], "unknown key 'ctrl-1'"],
    [['--dry-run', 'x'], "the only value is 'plan'"],
    [['--log-opt', 'foo=1'], "unknown log option 'foo'"],
    [['--log-opt', 'max-size=x'], 'invalid log option max-size=x'],
    [['--log-opt', 'max-file=0'], 'invalid log option max-file=0'],
    [['--log-opt', 'max-file=3'], 'cannot be greater than 1 without max-size'],
    [['--log-driver', 'none', '--log-opt', 'max-size=1m'], 'invalid logging opts for driver none'],
  ])('%j', (words, message) => {
    expect(() => request(...words)).toThrow(
      expect.objectContaining({ code: 'ERR_USAGE', message: expect.stringContaining(message) }),
    );
  });

  test('a container that is to be removed when it ends cannot be one that starts again', () => {
    expect(() => request('--rm', '--restart', 'always')).toThrow(
      expect.objectContaining({
        code: 'ERR_USAGE',
        message: 'conflicting options: cannot specify both --restart and --rm',
      }),
    );
  });

  test.each([
    [['--env-file', 'nope'], 'file nope cannot be read'],
    [['--env-file', 'bad-env'], "bad-env, line 2: variable 'B C' contains whitespaces"],
    [['--env-file', 'no-name'], "no-name, line 1: no variable name on line '=x'"],
    [['--label-file', 'nope'], 'file nope cannot be read'],
  ])('%j', (words, message) => {
    expect(() => request(...words)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_VALUE', message: expect.stringContaining(message) }),
    );
  });

  test.each([
    [['-v', 'data:/x'], 'the named volume data'],
    [['-v', '/x'], 'an anonymous volume'],
    [['--mount', 'type=volume,target=/x'], 'a volume'],
    [['--mount', 'target=/x'], 'a volume'],
    [['--log-driver', 'syslog'], '--log-driver syslog'],
    [['--log-opt', 'tag=x'], '--log-opt tag'],
  ])('%j is not there yet', (words, subject) => {
    expect(() => request(...words)).toThrow(
      expect.objectContaining({ code: 'ERR_NOT_SUPPORTED', message: expect.stringContaining(subject) }),
    );
  });
});
