// SPDX-License-Identifier: Apache-2.0
// What a start is made of: counts of what costs time, because times say nothing on a busy machine.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { requires } from '../support/requires.js';
import { image, ok, sandbox, uniqueName } from '../support/tool.js';

const container = requires('userns', 'mount-in-userns', 'overlay-in-userns', 'busybox', 'dev-net-tun');

/** The modules of Node's own that a command has loaded when it ends. */
const modulesOf = async (args: readonly string[]): Promise<readonly string[]> => {
  const [hook, list] = [join(sandbox().directory, 'hook.cjs'), join(sandbox().directory, 'modules')];
  const write = `require('node:fs').writeFileSync(${JSON.stringify(list)}, process.moduleLoadList.join('\\n'))`;
  writeFileSync(hook, `process.on('exit', () => ${write});\n`);
  await ok(args, { env: { NODE_OPTIONS: `--require ${hook}` } });
  return readFileSync(list, 'utf8').split('\n');
};

describe('the start of a container', () => {
  container.test('loads nothing that Node needs for connections, terminals, compression and cryptography', async () => {
    const loaded = await modulesOf(['run', '--rm', await image(), 'true']);
    for (const name of ['crypto', 'net', 'tty', 'zlib', 'perf_hooks', 'child_process', 'http', 'dns'])
      expect(loaded).not.toContain(`NativeModule ${name}`);
  });

  container.test('loads streams only for a container whose output somebody waits for', async () => {
    const name = uniqueName();
    expect(await modulesOf(['run', '-d', '--name', name, await image(), 'true'])).not.toContain('NativeModule stream');
    await ok(['rm', '-f', name]);
  });
});
