// SPDX-License-Identifier: Apache-2.0
// The plan is what the kernel will be asked for: these tests say which orders and omissions are not negotiable.

import { buildConfig, type ConfigInput } from '../../../lib/runtime/config.js';
import { computeIdMap } from '../../../lib/runtime/id-map.js';
import { containerOperations } from '../../../lib/runtime/plan.js';
import {
  CLONE_NEWNET,
  MOUNT_ATTR_RDONLY,
  MS_NODEV,
  MS_NOEXEC,
  MS_NOSUID,
  MS_RDONLY,
} from '../../../lib/native/constants.js';
import type { CreateRequest } from '../../../lib/spec/create-request.js';
import { hostIds } from '../../support/host-ids.js';
import { plainRequest } from '../../support/request.js';

const idMap = computeIdMap({
  uid: 1000,
  gid: 1000,
  user: 'ann',
  subuid: 'ann:100000:65536',
  subgid: 'ann:100000:65536',
  newuidmap: '/usr/bin/newuidmap',
  newgidmap: '/usr/bin/newgidmap',
  own: hostIds,
});

const planOf = (request: Partial<CreateRequest> = {}, input: Partial<ConfigInput> = {}) => {
  const config = buildConfig({
    request: { ...plainRequest, ...request },
    process: {
      entrypoint: [],
      command: ['id'],
      args: ['id'],
      env: ['PATH=/bin'],
      cwd: '/srv',
      user: '',
      labels: {},
      stopSignal: 'SIGTERM',
    },
    idMap,
    network: 'none',
    hostname: 'box',
    rootfsPath: '/data/rootfs',
    rootfs: {
      kind: 'overlay',
      lower: ['/layer2', '/layer1'],
      upper: '/data/upper',
      work: '/data/work',
      volatile: false,
    },
    etcFiles: { hostname: '/data/hostname', hosts: '/data/hosts', 'resolv.conf': '/data/resolv.conf' },
    cgroupV2: true,
    hostMasks: ['/sys/devices/system/cpu/cpu0/thermal_throttle'],
    ...input,
  });
  return containerOperations(config, idMap, { columns: 80, rows: 24 });
};

const position = (plan: ReturnType<typeof planOf>, op: string): number => {
  const index = plan.findIndex((operation) => operation.op === op);
  if (index < 0) throw new Error(`no ${op}`);
  return index;
};

test('the order carries the safety', () => {
  const plan = planOf({
    tty: true,
    readOnlyRootfs: true,
    sysctls: { 'net.ipv4.ip_forward': '1' },
    securityOptions: ['no-new-privileges'],
  });
  const order = [
    'namespaces',
    'become_root',
    'mount_propagation',
    'root_overlay',
    'mount_fs',
    'pivot_root',
    'set_sysctl',
    'readonly_path',
    'mask_path',
    'remount_root_readonly',
    'open_pty',
    'set_user',
    'set_capabilities',
    'no_new_privs',
    'set_cwd',
    'wait_go',
    'exec',
  ];
  const positions = order.map((op) => position(plan, op));
  expect(positions).toEqual([...positions].sort((a, b) => a - b));
  expect(plan.at(-1)?.op).toBe('exec');
});

test('a network of its own lets every user listen on low ports and ping, unless --sysctl says otherwise', () => {
  const settings = (plan: ReturnType<typeof planOf>): readonly string[] =>
    plan.flatMap((operation) => (operation.op === 'set_sysctl' ? [`${operation.key}=${operation.value}`] : []));
  const low = 'net.ipv4.ip_unprivileged_port_start';
  const ping = 'net.ipv4.ping_group_range';
  expect(settings(planOf())).toEqual([`${low}=0`, `${ping}=0 65536`]);
  expect(settings(planOf({ sysctls: { [low]: '80' } }, { network: 'bridge' }))).toEqual([
    `${low}=80`,
    `${ping}=0 65536`,
  ]);
  const alone = { ...idMap, gids: [{ containerID: 0, hostID: 1000, size: 1 }] };
  expect(settings(planOf({}, { idMap: alone }))).toContain(`${ping}=0 0`);
  expect(settings(planOf({}, { network: 'host' }))).toEqual([]);
  expect(settings(planOf({}, { network: 'container' }))).toEqual([]);
});

test('/proc, /sys and /dev are mounted as docker mounts them', () => {
  const plan = planOf();
  const mounts = Object.fromEntries(
    plan.flatMap((operation) => (operation.op === 'mount_fs' ? [[operation.target, operation]] : [])),
  );
  const hardened = BigInt(MS_NOSUID | MS_NOEXEC | MS_NODEV);
  expect(mounts['/proc']).toMatchObject({ fstype: 'proc', flags: hardened });
  expect(mounts['/sys']).toMatchObject({ fstype: 'sysfs', flags: hardened | BigInt(MS_RDONLY) });
  expect(mounts['/sys/fs/cgroup']).toMatchObject({ fstype: 'cgroup2', flags: hardened | BigInt(MS_RDONLY) });
  expect(mounts['/dev/pts']).toMatchObject({ data: 'newinstance,ptmxmode=0666,mode=0620,gid=5' });
  expect(mounts['/dev/shm']).toMatchObject({ data: 'mode=1777,size=67108864' });
});

test('the host network shares the namespace, and the host /sys is bound read-only', () => {
  const plan = planOf({}, { network: 'host' });
  expect(plan).toContainEqual(expect.objectContaining({ op: 'mount_bind', source: '/sys', target: '/sys' }));
  const sys = plan.find((operation) => operation.op === 'mount_bind' && operation.target === '/sys');
  expect(sys?.op === 'mount_bind' && (sys.attrs & BigInt(MOUNT_ATTR_RDONLY)) !== 0n).toBe(true);
  const namespaces = plan[0];
  expect(namespaces?.op === 'namespaces' && (namespaces.flags & BigInt(CLONE_NEWNET)) === 0n).toBe(true);
  expect(plan.some((operation) => operation.op === 'link_up')).toBe(false);
});

test('mounts of the user come after those of the system, parents before children, and replace a system one', () => {
  const plan = planOf({
    mounts: [
      { type: 'bind', source: '/b', target: '/data/deep', readOnly: true, createSource: false },
      { type: 'bind', source: '/a', target: '/data', readOnly: false, createSource: false },
      { type: 'tmpfs', target: '/dev/shm', options: ['size=1m'], readOnly: false },
    ],
  });
  const targets = plan.flatMap((operation) =>
    operation.op === 'mount_bind' || operation.op === 'mount_fs' ? [operation.target] : [],
  );
  expect(targets.slice(-3)).toEqual(['/data', '/data/deep', '/dev/shm']);
  expect(targets.filter((target) => target === '/dev/shm')).toHaveLength(1);
});

test('what only this host has to hide is hidden too', () => {
  expect(planOf()).toContainEqual({ op: 'mask_path', path: '/sys/devices/system/cpu/cpu0/thermal_throttle' });
});

test('--privileged masks nothing and keeps every capability', () => {
  const plan = planOf({ privileged: true });
  expect(plan.some(({ op }) => op === 'mask_path' || op === 'readonly_path')).toBe(false);
  expect(plan).toContainEqual(expect.objectContaining({ op: 'set_capabilities', bounding: (1n << 41n) - 1n }));
});

test('--init forks after GO', () => {
  const plan = planOf({ init: true });
  expect(position(plan, 'spawn_init')).toBe(position(plan, 'wait_go') + 1);
});

test('an unknown security option is refused rather than ignored', () => {
  expect(() => planOf({ securityOptions: ['seccomp=/profile.json'] })).toThrow(
    expect.objectContaining({ code: 'ERR_NOT_SUPPORTED' }),
  );
});
