// SPDX-License-Identifier: Apache-2.0
import { mergeEnv, mergeProcess, type ImageDefaults } from '../../../lib/spec/merge.js';
import { plainRequest } from '../../support/request.js';

const image: ImageDefaults = {
  entrypoint: ['/entry', '-x'],
  command: ['serve', '--all'],
  env: ['PATH=/image/bin', 'LANG=C'],
  workingDir: '/srv',
  user: 'web',
  labels: { a: 'image', b: 'image' },
  stopSignal: 'SIGQUIT',
};

const merge = (request: Partial<typeof plainRequest>, defaults: Partial<ImageDefaults> = {}) =>
  mergeProcess({ ...plainRequest, ...request }, { ...image, ...defaults }, 'box');

test.each([
  ['nothing asked', {}, ['/entry', '-x', 'serve', '--all']],
  ['a command replaces CMD', { command: ['id'] }, ['/entry', '-x', 'id']],
  ['an entrypoint drops CMD', { entrypoint: ['/sh'] }, ['/sh']],
  ['both', { entrypoint: ['/sh'], command: ['-c', 'id'] }, ['/sh', '-c', 'id']],
  ['an empty entrypoint resets it', { entrypoint: [], command: ['id'] }, ['id']],
])('command line: %s', (_name, request, args) => {
  expect(merge(request).args).toEqual(args);
});

test('refuses a container without any command', () => {
  expect(() => merge({}, { entrypoint: [], command: [] })).toThrow(
    expect.objectContaining({ code: 'ERR_COMMAND_MISSING' }),
  );
  expect(() => merge({ entrypoint: [] })).toThrow(expect.objectContaining({ code: 'ERR_COMMAND_MISSING' }));
});

test('the image inherits to the container what the request does not say', () => {
  expect(merge({})).toMatchObject({
    cwd: '/srv',
    user: 'web',
    stopSignal: 'SIGQUIT',
    labels: { a: 'image', b: 'image' },
  });
  expect(merge({ workingDir: '/w', user: '5:6', stopSignal: '9', labels: { b: 'mine' } })).toMatchObject({
    cwd: '/w',
    user: '5:6',
    stopSignal: '9',
    labels: { a: 'image', b: 'mine' },
  });
  expect(merge({}, { workingDir: '', stopSignal: undefined })).toMatchObject({ cwd: '/', stopSignal: 'SIGTERM' });
});

test('environment: the engine, then the image, then the request; TERM only with a terminal', () => {
  expect(merge({ env: ['LANG=de', 'X=1'] }).env).toEqual(['PATH=/image/bin', 'HOSTNAME=box', 'LANG=de', 'X=1']);
  expect(merge({ tty: true }).env).toContain('TERM=xterm');
});

test('a bare name takes a variable away', () => {
  expect(mergeEnv(['A=1', 'B=2'], ['A', 'C='])).toEqual(['B=2', 'C=']);
});

test('refuses a relative working directory', () => {
  expect(() => merge({ workingDir: 'tmp' })).toThrow(expect.objectContaining({ code: 'ERR_INVALID_VALUE' }));
});
