// SPDX-License-Identifier: Apache-2.0
import { endianness } from 'node:os';
import { isSampanError } from '../../../lib/errors/sampan-error.js';
import { DescriptorSlots, encodePlan } from '../../../lib/native/plan.js';
import { operationTable, type PlanOperation } from '../../../lib/native/protocol.js';

// The expected bytes below are written for little-endian machines.
const onLittleEndian = endianness() === 'LE' ? test : test.failing;

const headerSize = 16;
const recordSize = 72;

const record = (plan: Buffer, index: number) => {
  const start = headerSize + index * recordSize;
  return {
    code: plan.readUInt32LE(start),
    reserved: plan.readUInt32LE(start + 4),
    args: Array.from({ length: 8 }, (_, position) => plan.readBigUInt64LE(start + 8 + position * 8)),
  };
};

const strings = (plan: Buffer): Buffer => plan.subarray(headerSize + plan.readUInt32LE(8) * recordSize);

onLittleEndian('an empty plan is a header', () => {
  expect(encodePlan([]).toString('hex')).toBe('53504c4e010000000000000000000000');
});

onLittleEndian('a whole plan has exactly these bytes', () => {
  const plan = encodePlan([
    { op: 'map_ids', kind: 1, inside: 2, outside: 100000, count: 65536 },
    { op: 'map_method', method: 1, newgidmap: '/a' },
  ]);
  const expected = [
    '53504c4e 01000000 02000000 03000000',
    // map_ids is operation 1
    '01000000 00000000 0100000000000000 0200000000000000 a086010000000000 0000010000000000' +
      '0000000000000000'.repeat(4),
    // map_method is operation 2; its second field is absent, the string of the third is at offset 0
    '02000000 00000000 0100000000000000 0000000000000000 0100000000000000' + '0000000000000000'.repeat(5),
    '2f6100',
  ];
  expect(plan.toString('hex')).toBe(expected.join('').replaceAll(' ', ''));
});

onLittleEndian('strings are stored once, absent ones are 0, and u64 keeps all bits', () => {
  const plan = encodePlan([
    { op: 'mount_fs', fstype: 'tmpfs', source: 'tmpfs', target: '/dev', flags: 0xffff_ffff_ffff_fffen, create: 1 },
  ]);
  expect(strings(plan).toString()).toBe('tmpfs\0/dev\0');
  expect(plan.readUInt32LE(12)).toBe(11);
  expect(record(plan, 0).args).toEqual([1n, 1n, 7n, 0xffff_ffff_ffff_fffen, 0n, 1n, 0n, 0n]);
});

onLittleEndian('a list stands in one piece, even where its strings are known already', () => {
  const plan = encodePlan([
    { op: 'set_hostname', name: 'sh' },
    { op: 'exec', argv: ['sh', '-c', ''], env: [] },
  ]);
  expect(strings(plan).toString()).toBe('sh\0sh\0-c\0\0');
  expect(record(plan, 1)).toEqual({
    code: operationTable.findIndex(({ op }) => op === 'exec'),
    reserved: 0,
    args: [(3n << 32n) | 3n, 0n, 0n, 0n, 0n, 0n, 0n, 0n],
  });
});

onLittleEndian('a descriptor is its slot plus one', () => {
  expect(record(encodePlan([{ op: 'join_cgroup', directory: 0 }]), 0).args[0]).toBe(1n);
});

test('text is UTF-8', () => {
  expect(strings(encodePlan([{ op: 'set_hostname', name: 'é' }]))).toEqual(Buffer.from([0xc3, 0xa9, 0]));
});

test('text with a NUL byte is refused', () => {
  const encode = (): Buffer => encodePlan([{ op: 'exec', argv: ['sh', 'a\0b'], env: [] }]);
  expect(encode).toThrow('exec.argv: text with a NUL byte');
  expect(codeOf(encode)).toBe('ERR_INVALID_VALUE');
});

test.each<PlanOperation>([
  { op: 'make_dir', path: '/', mode: -1 },
  { op: 'make_dir', path: '/', mode: 2 ** 32 },
  { op: 'make_dir', path: '/', mode: 1.5 },
  { op: 'namespaces', flags: 1n << 64n },
  { op: 'namespaces', flags: -1n },
  { op: 'join_cgroup', directory: -1 },
])('a number that does not fit its field is an internal error: %p', (operation) => {
  expect(codeOf(() => encodePlan([operation]))).toBe('ERR_INTERNAL');
});

test('a descriptor gets one slot, however often it is added', () => {
  const slots = new DescriptorSlots();
  expect([slots.add(30), slots.add(40), slots.add(30)]).toEqual([0, 1, 0]);
  expect(slots.descriptors).toEqual([30, 40]);
});

const codeOf = (act: () => unknown): string | undefined => {
  try {
    act();
  } catch (error) {
    if (isSampanError(error)) return error.code;
    throw error;
  }
  return undefined;
};
