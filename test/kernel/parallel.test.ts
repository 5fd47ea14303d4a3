// SPDX-License-Identifier: Apache-2.0
// Many commands at once: none may take what another has just made for left-overs.

import { requires } from '../support/requires.js';
import { image, ok, startTool, toResult } from '../support/tool.js';

const container = requires('userns', 'mount-in-userns', 'overlay-in-userns', 'busybox');

container.test('sixty runs, twenty at a time, each give their own exit code', async () => {
  const reference = await image();
  const codes = Array.from({ length: 20 }, (_, index) => index + 1);
  for (let round = 0; round < 3; round++) {
    const results = await Promise.all(
      codes.map(async (code) =>
        toResult(await startTool(['run', '--rm', '--network', 'none', reference, 'sh', '-c', `exit ${String(code)}`])),
      ),
    );
    expect(results.map(({ exitCode, stderr }) => ({ exitCode, stderr }))).toEqual(
      codes.map((exitCode) => ({ exitCode, stderr: '' })),
    );
  }
  expect(await ok(['ps', '-aq'])).toBe('');
});
