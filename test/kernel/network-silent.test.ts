// SPDX-License-Identifier: Apache-2.0
// A netd that is there and says nothing.

import { askNetd } from '../../lib/network/netd.js';
import { native } from '../support/native.js';
import { netdDirectory, netdPid } from '../support/netd.js';
import { requires } from '../support/requires.js';
import { processIds, readText } from '../support/sandbox.js';
import { image, ok, uniqueName } from '../support/tool.js';

const container = requires('userns', 'mount-in-userns', 'overlay-in-userns', 'busybox', 'dev-net-tun');

container.test('a netd that does not answer is not waited for without end, and what to do is said', async () => {
  const name = uniqueName();
  await ok(['run', '-d', '--name', name, await image(), 'sleep', '100']);
  const pid = netdPid();
  if (pid === undefined) throw new Error('no netd runs');
  process.kill(pid, 'SIGSTOP');
  try {
    const asked = askNetd(native, netdDirectory(), { type: 'netList' }, 200);
    await expect(asked).rejects.toMatchObject({
      code: 'ERR_NETD',
      subject: expect.stringContaining(netdDirectory()) as string,
      hint: expect.stringContaining('kill -CONT') as string,
    });
    // what the hint says shows it
    expect(commandsCalled('sampan-netd')).toContain(pid);
  } finally {
    process.kill(pid, 'SIGCONT');
  }
  expect(await askNetd(native, netdDirectory(), { type: 'netList' })).toMatchObject({ type: 'netState' });
  await ok(['rm', '-f', name]);
});

/** As ps -C finds them. */
const commandsCalled = (name: string): readonly number[] =>
  processIds().filter((pid) => readText(`/proc/${String(pid)}/comm`) === `${name}\n`);
