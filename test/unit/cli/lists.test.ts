// SPDX-License-Identifier: Apache-2.0
// ps, images, inspect, logs and the commands that take several names.

import type { ContainerSummary, ImageSummary, ListFilter, LogEntry, LogOptions } from '../../../lib/engine/contract.js';
import { sampanError } from '../../../lib/errors/sampan-error.js';
import { sampan } from './fake-host.js';

const web: ContainerSummary = {
  id: '0123456789abcdef'.repeat(4),
  name: 'web',
  image: 'debian:12',
  imageId: 'sha256:aaaa',
  command: ['sh', '-c', 'echo a very long command'],
  createdAt: '2026-01-02T03:04:05.678Z',
  status: 'running',
  startedAt: '2026-01-02T03:04:05.678Z',
  labels: { b: '2', a: '1' },
  mounts: ['/some/very/long/path/name'],
  networks: ['none'],
  ports: [],
  sizeRwBytes: 1234,
  sizeRootFsBytes: 5_678_901,
};
const old: ContainerSummary = {
  ...web,
  id: 'fedcba9876543210'.repeat(4),
  name: 'a',
  image: 'i',
  command: ['x'],
  status: 'exited',
  exitCode: 3,
  finishedAt: '2026-01-02T03:07:00Z',
  labels: {},
  mounts: [],
};

const listing = (summaries: readonly ContainerSummary[] = [web, old]) => {
  const asked: ListFilter[] = [];
  const list = async (filter: ListFilter) => {
    asked.push(filter);
    return summaries;
  };
  return { containers: { list }, asked };
};

describe('ps', () => {
  test('shows docker’s table', async () => {
    const { stdout } = await sampan(['ps'], listing());
    expect(stdout).toBe(
      'CONTAINER ID   IMAGE       COMMAND                  CREATED         STATUS                     PORTS     NAMES\n' +
        '0123456789ab   debian:12   "sh -c \'echo a very …"   2 minutes ago   Up 2 minutes                         web\n' +
        'fedcba987654   i           "x"                      2 minutes ago   Exited (3) 5 seconds ago             a\n',
    );
  });

  test('shows the header alone when there is none', async () => {
    const { stdout } = await sampan(['ps'], listing([]));
    expect(stdout).toBe('CONTAINER ID   IMAGE     COMMAND   CREATED   STATUS    PORTS     NAMES\n');
  });

  test.each([
    [['-q'], '0123456789ab\nfedcba987654\n'],
    [['-q', '--no-trunc'], `${web.id}\n${old.id}\n`],
    [['--format', '{{.Names}}: {{.State}}'], 'web: running\na: exited\n'],
    [['--format', '{{.ID}}\\t{{.Label "a"}}'], '0123456789ab\t1\nfedcba987654\t\n'],
    [['--format', 'table {{.Names}}\\t{{.Label "a"}}'], 'NAMES     a\nweb       1\na         \n'],
    [
      ['--format', '{{.Mounts}}|{{.Size}}|{{.Platform}}'],
      '/some/very/lon…|1.23kB (virtual 5.68MB)|<nil>\n|1.23kB (virtual 5.68MB)|<nil>\n',
    ],
    [['--no-trunc', '--format', '{{.Command}}'], `"sh -c 'echo a very long command'"\n"x"\n`],
  ])('%j', async (words, stdout) => {
    expect(await sampan(['ps', ...words], listing())).toMatchObject({ exitCode: 0, stdout });
  });

  test('--format json is one object a line, with string fields in docker’s order and nothing escaped', async () => {
    const { stdout } = await sampan(['ps', '--format', 'json'], listing([{ ...web, image: '<b>&' }]));
    expect(stdout.split('\n')).toHaveLength(2);
    const object = JSON.parse(stdout) as Record<string, unknown>;
    expect(Object.keys(object)).toEqual(
      'Command CreatedAt ID Image Labels LocalVolumes Mounts Names Networks Platform Ports RunningFor Size State Status'.split(
        ' ',
      ),
    );
    expect(object).toMatchObject({
      Labels: 'a=1,b=2',
      LocalVolumes: '0',
      Names: 'web',
      Platform: null,
      Status: 'Up 2 minutes',
    });
    expect(stdout).toContain('<b>&');
  });

  test('an unknown field is an error', async () => {
    expect(await sampan(['ps', '--format', '{{.Foo}}'], listing())).toMatchObject({
      exitCode: 1,
      stderr: `sampan: template: :1:2: executing "" at <.Foo>: can't evaluate field Foo in type *formatter.ContainerContext\n`,
    });
  });

  test('passes filters, limits and the wish for sizes on', async () => {
    const { containers, asked } = listing();
    await sampan(['ps', '-a', '-f', 'status=exited', '--filter', 'label=a=1', '-f', 'status=created', '-s'], {
      containers,
    });
    await sampan(['ps', '-l'], { containers });
    await sampan(['ps', '-n', '3', '--format', '{{.Size}}'], { containers });
    expect(asked).toEqual([
      { all: true, last: -1, size: true, filters: { status: ['exited', 'created'], label: ['a=1'] } },
      { all: false, last: 1, size: false, filters: {} },
      { all: false, last: 3, size: true, filters: {} },
    ]);
  });

  test('a filter needs a value', async () => {
    expect(await sampan(['ps', '-f', 'foo'])).toMatchObject({
      exitCode: 125,
      stderr: expect.stringContaining('bad format of filter'),
    });
  });
});

describe('images', () => {
  const image: ImageSummary = {
    id: `sha256:${'ab'.repeat(32)}`,
    repository: 'debian',
    tag: '12',
    digest: 'sha256:1111',
    createdAt: '2026-01-01T03:07:05Z',
    sizeBytes: 123_456_789,
    labels: {},
  };
  const images = {
    list: async () => [image, { ...image, repository: '<none>', tag: '<none>', digest: '', createdAt: '' }],
  };

  test.each([
    [
      [],
      'REPOSITORY   TAG       IMAGE ID       CREATED        SIZE\ndebian       12        abababababab   24 hours ago   123MB\n<none>       <none>    abababababab   N/A            123MB\n',
    ],
    [['-q'], 'abababababab\nabababababab\n'],
    [['--format', '{{.Repository}}:{{.Tag}}@{{.Digest}}'], 'debian:12@sha256:1111\n<none>:<none>@<none>\n'],
  ])('%j', async (words, stdout) => {
    expect(await sampan(['images', ...words], { images })).toMatchObject({ exitCode: 0, stdout });
  });

  test('the noun form is the same command', async () => {
    expect(await sampan(['image', 'ls', '-q'], { images })).toMatchObject({ stdout: 'abababababab\nabababababab\n' });
  });
});

describe('inspect', () => {
  const missing =
    (code: 'ERR_CONTAINER_NOT_FOUND' | 'ERR_IMAGE_NOT_FOUND' | 'ERR_NETWORK_NOT_FOUND') => async (name: string) => {
      if (name === 'web' && code === 'ERR_CONTAINER_NOT_FOUND') return { Id: 'abc', Args: ['<&>'], State: { Pid: 5 } };
      if (name === 'lan' && code === 'ERR_NETWORK_NOT_FOUND') return { Id: 'net', Driver: 'bridge' };
      if (name === 'debian' && code === 'ERR_IMAGE_NOT_FOUND') return { Id: 'img', RepoTags: ['debian'] };
      throw sampanError(code, { subject: name });
    };
  const options = {
    containers: { inspect: missing('ERR_CONTAINER_NOT_FOUND') },
    images: { inspect: missing('ERR_IMAGE_NOT_FOUND') },
    networks: { inspect: missing('ERR_NETWORK_NOT_FOUND') },
  };

  test('prints what is there as one array, then says what is not', async () => {
    expect(await sampan(['inspect', 'web', 'nope', 'debian'], options)).toEqual({
      exitCode: 1,
      stdout: `${JSON.stringify(
        [
          { Id: 'abc', Args: ['<&>'], State: { Pid: 5 } },
          { Id: 'img', RepoTags: ['debian'] },
        ],
        undefined,
        4,
      )}\n`,
      stderr: 'sampan: no such object: nope\n',
      events: [],
    });
  });

  test.each([
    [['-f', '{{.State.Pid}}', 'web'], '5\n', 0],
    [['-f', 'json', 'web'], '[{"Id":"abc","Args":["<&>"],"State":{"Pid":5}}]\n', 0],
    [['-f', '{{json .Args}}', 'web'], '["<&>"]\n', 0],
    [['--type', 'image', '-f', '{{.ID}}', 'debian'], 'img\n', 0],
    [['--type', 'image', 'web'], '[]\n', 1],
    [['-f', '{{.Driver}}', 'lan'], 'bridge\n', 0],
    [['--type', 'network', '-f', '{{.Driver}}', 'lan'], 'bridge\n', 0],
    [['--type', 'network', 'web'], '[]\n', 1],
  ])('%j', async (words, stdout, exitCode) => {
    expect(await sampan(['inspect', ...words], options)).toMatchObject({ exitCode, stdout });
  });

  test('a bad template is told before anything is looked up', async () => {
    expect(await sampan(['inspect', '-f', '{{.Foo', 'web'])).toMatchObject({
      exitCode: 1,
      stdout: '',
      stderr: 'sampan: template: :1: unclosed action\n',
    });
  });
});

describe('logs', () => {
  const entries: readonly LogEntry[] = [
    { stream: 'stdout', time: '2026-01-02T03:04:05.5Z', text: 'one\n' },
    { stream: 'stderr', time: '2026-01-02T03:04:05.6Z', text: 'err\n' },
    { stream: 'stdout', time: '2026-01-02T03:04:06Z', text: 'par' },
    { stream: 'stdout', time: '2026-01-02T03:04:07Z', text: 'tial\n' },
  ];
  const logging = () => {
    const asked: LogOptions[] = [];
    async function* logs(_name: string, options: LogOptions) {
      asked.push(options);
      yield* entries;
    }
    return { containers: { logs }, asked };
  };

  test('keeps the streams apart', async () => {
    expect(await sampan(['logs', 'web'], logging())).toMatchObject({
      exitCode: 0,
      stdout: 'one\npartial\n',
      stderr: 'err\n',
    });
  });

  test('-t shows nine digits, once a line', async () => {
    const { stdout } = await sampan(['logs', '-t', 'web'], logging());
    expect(stdout).toBe('2026-01-02T03:04:05.500000000Z one\n2026-01-02T03:04:06.000000000Z partial\n');
  });

  test('passes its options on', async () => {
    const { containers, asked } = logging();
    await sampan(['logs', '-f', '--tail', '5', '--since', '10m', '--until=2026-01-02T03:00:00Z', 'web'], {
      containers,
    });
    await sampan(['logs', '-n', 'all', 'web'], { containers });
    expect(asked).toEqual([
      { follow: true, tail: 5, since: '2026-01-02T02:57:05.000000000Z', until: '2026-01-02T03:00:00.000000000Z' },
      { follow: false, tail: undefined },
    ]);
  });

  test.each([
    [['--tail', 'x', 'web'], 125],
    [['--since', 'x', 'web'], 1],
    [['a', 'b'], 1],
  ])('%j is refused', async (words, exitCode) => {
    expect(await sampan(['logs', ...words])).toMatchObject({ exitCode, stdout: '' });
  });
});
