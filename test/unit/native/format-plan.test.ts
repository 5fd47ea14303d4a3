// SPDX-License-Identifier: Apache-2.0
import * as k from '../../../lib/native/constants.js';
import { formatPlan } from '../../../lib/native/format-plan.js';

test('prints one line per operation, with stage, fields and flags by name', () => {
  const text = formatPlan([
    { op: 'namespaces', flags: BigInt(k.CLONE_NEWUSER | k.CLONE_NEWNS) },
    { op: 'map_ids', kind: 0, inside: 0, outside: 1000, count: 1 },
    { op: 'join_cgroup', directory: 2 },
    { op: 'become_root' },
    { op: 'mount_fs', fstype: 'proc', target: '/proc', flags: BigInt(k.MS_NOSUID | k.MS_NODEV), create: 1 },
    {
      op: 'mount_bind',
      source: '/a b',
      target: '/c',
      attrs: BigInt(k.MOUNT_ATTR_RDONLY),
      flags: 3,
      propagation: BigInt(k.MS_PRIVATE | k.MS_REC),
    },
    { op: 'set_rlimit', resource: 7, soft: 1024n, hard: 0xffff_ffff_ffff_ffffn },
    { op: 'set_capabilities', bounding: 0x21n, effective: 0n, permitted: 0n, inheritable: 0n, ambient: 1n << 50n },
    { op: 'exec', argv: ['sh', '-c', 'echo "\u0007"'], env: [] },
  ]);
  expect(text).toBe(`monitor namespaces       flags=CLONE_NEWNS|CLONE_NEWUSER
monitor map_ids          kind=uid inside=0 outside=1000 count=1
monitor join_cgroup      directory=slot 2
init    become_root
init    mount_fs         fstype="proc" target="/proc" flags=MS_NOSUID|MS_NODEV create=yes
init    mount_bind       source="/a b" target="/c" attrs=MOUNT_ATTR_RDONLY flags=recursive|create propagation=MS_REC|MS_PRIVATE
init    set_rlimit       resource=RLIMIT_NOFILE soft=1024 hard=unlimited
init    set_capabilities bounding=CAP_CHOWN|CAP_KILL effective=0 permitted=0 inheritable=0 ambient=0x4000000000000
init    exec             argv=["sh","-c","echo \\"\\u0007\\""] env=[]
`);
});

test('an empty plan is no text', () => {
  expect(formatPlan([])).toBe('');
});
