// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { HelperFailure } from '../../../lib/native/helper.js';
import { planError } from '../../../lib/runtime/plan-failure.js';

const failed = (operation: HelperFailure['operation'], errno: number, subject = 'it', detail = 'call') =>
  planError(new HelperFailure({ stage: 'init', operation, index: 1, errno, subject, detail }));

test.each([
  ['exec', 2, 'ERR_COMMAND_NOT_FOUND'],
  ['exec', 20, 'ERR_COMMAND_NOT_FOUND'],
  ['exec', 13, 'ERR_COMMAND_NOT_EXECUTABLE'],
  ['exec', 8, 'ERR_COMMAND_NOT_EXECUTABLE'],
  ['set_user', 2, 'ERR_USER_NOT_FOUND'],
  ['mount_bind', 28, 'ERR_NO_SPACE'],
  ['mount_fs', 1, 'ERR_PLAN_FAILED'],
  ['new_keyring', 122, 'ERR_PLAN_FAILED'],
] as const)('%s failing with errno %i is %s', (operation, errno, code) => {
  expect(failed(operation, errno).code).toBe(code);
});

test('says what failed, on what, why, and what to do', () => {
  const error = failed('mount_fs', 1, '/proc', 'fsmount');
  expect(error.message).toBe('container start failed: mount_fs /proc');
  expect(error.cause).toMatchObject({ message: 'fsmount: operation not permitted (EPERM)', code: 'EPERM', errno: 1 });
  expect(error.hint).toContain('system check');
});

test('a used-up key quota names the setting', () => {
  expect(failed('new_keyring', 122).hint).toContain('kernel.keys.maxkeys');
});

test('a port that is for root names the setting that opens it', () => {
  expect(failed('network_lease', 13, '[::]:22/tcp', 'bind').hint).toContain('ip_unprivileged_port_start=22');
});

test.each([13, 98, 99])('errno %i of a port is told from the same one of an interface', (errno) => {
  expect(failed('network_lease', errno, '127.0.0.1:22/tcp', 'bind').code).toMatch(/^ERR_PORT_/);
  expect(failed('network_lease', errno, 'eth0', 'add address').code).toBe('ERR_NETD');
});

test('a limit over the hard limit names the limit and what this machine allows', () => {
  const error = failed('set_rlimit', 1, '7', 'setrlimit');
  const hard = /^Max open files +\S+ +(\S+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1] ?? '';
  expect(error).toMatchObject({
    code: 'ERR_LIMIT_TOO_HIGH',
    message: `--ulimit is over the hard limit of this machine: nofile is ${hard}`,
    hint: expect.stringContaining('--ulimit'),
  });
});

test('an id that the container does not have is told from a name that the image does not have', () => {
  const error = failed('set_user', 22, '99999999', 'setresuid');
  expect(error).toMatchObject({
    code: 'ERR_ID_NOT_MAPPED',
    message: 'the container has no such user or group id: 99999999',
    hint: expect.stringMatching(/sampan info.*add-subuids/),
  });
  expect(failed('set_user', 22, '', 'setgroups').message).toContain('one of its groups');
});
