// SPDX-License-Identifier: Apache-2.0
// Boots the guest with the built project on a second disk, shows what its tests print, and counts their lines
// `ok N - name`, `not ok N - name`, `ok N - name # SKIP reason`.

import { spawn } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from '../sources.mjs';
import { output } from './commands.mjs';

const timeoutMs = 8 * 60_000;
/** The guest's last line; without it the guest died on the way. */
const endMark = 'guest-tests-end';

export const runGuest = async (base) => {
  const work = mkdtempSync(join(tmpdir(), 'sampan-guest-'));
  try {
    const disk = makeProjectDisk(work);
    const counts = { passed: 0, failed: 0, skipped: 0, ended: false };
    await boot({ base, disk, onLine: (line) => count(counts, line) });
    if (!counts.ended) {
      console.log('not ok - the guest ended before its tests did');
      counts.failed++;
    }
    return counts;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
};

/** What the guest needs of the project, and Node to run it, as a small ext4 disk. */
const makeProjectDisk = (work) => {
  const tree = join(work, 'tree');
  mkdirSync(join(tree, 'sampan/build/Release'), { recursive: true });
  for (const name of ['bin', 'dist', 'package.json', 'build/Release/sampan.node', 'build/Release/sampan-helper']) {
    cpSync(join(root, name), join(tree, 'sampan', name), { recursive: true });
  }
  cpSync(join(root, 'build/test/report'), join(tree, 'report'));
  cpSync(join(root, 'test/vm'), join(tree, 'vm'), { recursive: true });
  cpSync(join(root, 'test/vm/guest-job.sh'), join(tree, 'guest-job.sh'));
  cpSync(realpathSync(process.execPath), join(tree, 'node'));
  cpSync(output('sh', ['-c', 'command -v busybox']).trim(), join(tree, 'busybox'), { dereference: true });
  output('chmod', ['-R', 'a+rX', tree]);
  chmodSync(tree, 0o755);
  const disk = join(work, 'project.img');
  output('mkfs.ext4', ['-q', '-d', tree, disk, '400M']);
  return disk;
};

const boot = ({ base, disk, onLine }) =>
  new Promise((resolve, reject) => {
    const child = spawn('qemu-system-x86_64', qemuArguments(base, disk), { stdio: ['ignore', 'pipe', 'pipe'] });
    const timer = setTimeout(() => {
      console.log(`not ok - the guest did not end within ${String(timeoutMs / 60_000)} minutes`);
      child.kill('SIGKILL');
    }, timeoutMs);
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => child.kill('SIGKILL'));
    eachLine(child.stdout, onLine);
    eachLine(child.stderr, (line) => console.error(line));
    child.on('error', reject);
    child.on('close', () => {
      clearTimeout(timer);
      resolve();
    });
  });

const qemuArguments = (base, disk) => [
  // the machine's own virtualisation may be there and not work: emulation always does
  ...['-accel', 'tcg,thread=multi', '-cpu', 'max', '-smp', '2', '-m', '2048'],
  ...['-nodefaults', '-no-user-config', '-display', 'none', '-serial', 'stdio', '-no-reboot'],
  ...['-kernel', join(base, 'vmlinuz'), '-initrd', join(base, 'initrd.gz')],
  ...['-append', 'console=ttyS0 quiet root=/dev/vda panic=-1 mitigations=off systemd.show_status=false'],
  // snapshot: what the guest writes is forgotten, and the cached base stays as it is
  ...['-drive', `file=${join(base, 'root.img')},format=raw,if=virtio,cache=unsafe,snapshot=on`],
  ...['-drive', `file=${disk},format=raw,if=virtio,readonly=on`],
];

const eachLine = (stream, onLine) => {
  let rest = '';
  stream.on('data', (chunk) => {
    const lines = (rest + chunk.toString()).split('\n');
    rest = lines.pop();
    for (const line of lines) onLine(line.replace(/\r$/, ''));
  });
  stream.on('end', () => rest === '' || onLine(rest));
};

const count = (counts, line) => {
  console.log(line);
  if (line === endMark) counts.ended = true;
  else if (/^not ok\b/.test(line)) counts.failed++;
  else if (/^ok\b.*# SKIP/.test(line)) counts.skipped++;
  else if (/^ok\b/.test(line)) counts.passed++;
};
