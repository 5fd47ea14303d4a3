// SPDX-License-Identifier: Apache-2.0
// Loaded before every file of the kernel projects: gives the file a sandbox, and checks after it that nothing is left.

import { findLeaks, makeSandbox, removeSandbox } from './sandbox.js';
import { ok, sandbox, tool, useSandbox } from './tool.js';

jest.setTimeout(60_000);

beforeAll(() => {
  useSandbox(makeSandbox());
});

afterAll(async () => {
  const left = (await tool(['ps', '-aq', '--no-trunc'])).stdout.trim();
  if (left !== '') await ok(['rm', '-f', ...left.split('\n')]);
  const leaks = await findLeaks(sandbox());
  removeSandbox(sandbox());
  if (leaks.length > 0) throw new Error(`left behind:\n${leaks.join('\n')}`);
});
