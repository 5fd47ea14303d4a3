// SPDX-License-Identifier: Apache-2.0
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
