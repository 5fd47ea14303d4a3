// SPDX-License-Identifier: Apache-2.0
// Commands that take several names, images in and out, and what tells about the system.

import { sampanError } from '../../../lib/errors/sampan-error.js';
import { sampan } from './fake-host.js';

describe('several names', () => {
  test('stop -t, kill -s and restart say what they did', async () => {
    const [stop, kill, restart] = [jest.fn(), jest.fn(), jest.fn()];
    const containers = { stop, kill, restart };
    expect(await sampan(['stop', '-t', '3', 'a', 'b'], { containers })).toMatchObject({
      exitCode: 0,
      stdout: 'a\nb\n',
    });
    expect(await sampan(['kill', '-s', 'HUP', 'a'], { containers })).toMatchObject({ stdout: 'a\n' });
    expect(await sampan(['restart', '--time', '1', '-s', 'INT', 'a'], { containers })).toMatchObject({ stdout: 'a\n' });
    expect(stop.mock.calls).toEqual([
      ['a', { timeoutSeconds: 3 }],
      ['b', { timeoutSeconds: 3 }],
    ]);
    expect(kill.mock.calls).toEqual([['a', { signal: 'HUP' }]]);
    expect(restart.mock.calls).toEqual([['a', { timeoutSeconds: 1, signal: 'INT' }]]);
  });

  test('wait prints codes in the order of the names', async () => {
    const wait = (name: string) =>
      new Promise<number>((resolve) => void setTimeout(() => resolve(name === 'a' ? 1 : 2), name === 'a' ? 20 : 1));
    expect(await sampan(['wait', 'a', 'b'], { containers: { wait } })).toMatchObject({ stdout: '1\n2\n' });
  });

  test('rm -f is content when there is nothing', async () => {
    const remove = () => Promise.reject(sampanError('ERR_CONTAINER_NOT_FOUND', { subject: 'a' }));
    expect(await sampan(['rm', '-f', 'a'], { containers: { remove } })).toMatchObject({
      exitCode: 0,
      stderr: 'sampan: no such container: a\n',
    });
    expect(await sampan(['rm', '-v', 'a'], { containers: { remove } })).toMatchObject({ exitCode: 1 });
  });

  test('rmi prints what went', async () => {
    const remove = async () => [{ untagged: 'a:latest' }, { deleted: 'sha256:1' }];
    expect(await sampan(['rmi', 'a'], { images: { remove } })).toMatchObject({
      stdout: 'Untagged: a:latest\nDeleted: sha256:1\n',
    });
  });

  test('load and import print what they made', async () => {
    const load = async () => [{ reference: 'a:latest', id: 'sha256:1' }, { id: 'sha256:2' }];
    expect(await sampan(['load'], { images: { load } })).toMatchObject({
      stdout: 'Loaded image: a:latest\nLoaded image ID: sha256:2\n',
    });
    const importImage = jest.fn(async () => ({ id: 'sha256:3' }));
    expect(
      await sampan(['import', '-c', 'CMD x', '-m', 'hi', '-', 'b'], { images: { import: importImage } }),
    ).toMatchObject({ stdout: 'sha256:3\n' });
    expect(importImage).toHaveBeenCalledWith(
      expect.objectContaining({ changes: ['CMD x'], message: 'hi', reference: 'b' }),
    );
  });

  test.each([
    [['load', '-i', '/nope'], 1, 'sampan: invalid value: /nope: open: no such file or directory\n'],
    [['load', '-i', '/'], 1, 'sampan: invalid value: / is a directory\nhint: give a tar archive\n'],
    [['import', 'http://example.test/x.tar'], 125, expect.stringContaining('not supported: import from')],
  ])('%j is refused', async (words, exitCode, stderr) => {
    const result = await sampan(words);
    expect(result.exitCode).toBe(exitCode);
    expect(result.stderr).toEqual(stderr);
  });
});

test('system check fails when a check does, and prints the fix', async () => {
  const check = async () => [
    { name: 'userns', status: 'ok' as const, detail: 'works' },
    { name: 'subids', status: 'failed' as const, detail: 'none', fix: 'usermod --add-subuids 100000-165535 me' },
  ];
  expect(await sampan(['system', 'check'], { system: { check } })).toMatchObject({
    exitCode: 1,
    stdout:
      'ok      userns            works\nfailed  subids            none\n        fix: usermod --add-subuids 100000-165535 me\n',
  });
  const json = await sampan(['system', 'check', '--format', 'json'], { system: { check } });
  expect(JSON.parse(json.stdout)).toHaveLength(2);
});

test('version and info take templates', async () => {
  const system = {
    version: async () => ({ Client: { Version: '1.2.3' }, Server: { Version: '1.2.3' } }),
    info: async () => ({ NCPU: 2, MemTotal: 2 ** 30, ServerVersion: '1.2.3' }),
  };
  expect(await sampan(['version', '--format', '{{.Server.Version}}'], { system })).toMatchObject({ stdout: '1.2.3\n' });
  expect(await sampan(['version'], { system })).toMatchObject({
    stdout: 'Client:\n Version:             1.2.3\n\nServer:\n Version:             1.2.3\n',
  });
  expect(await sampan(['info', '-f', '{{.NCPU}}'], { system })).toMatchObject({ stdout: '2\n' });
  expect(await sampan(['info'], { system })).toMatchObject({
    stdout: 'Server Version: 1.2.3\nCPUs: 2\nTotal Memory: 1GiB\n',
  });
});
