// SPDX-License-Identifier: Apache-2.0
// A plan for people (`--dry-run=plan`): one line per operation, numbers spelled out by the names the kernel gives them.

import { capabilityNames } from '../util/capability-names.js';
import * as constants from './constants.js';
import { fieldOf, type FieldValue } from './plan.js';
import { operationTable, type PlanOperation } from './protocol.js';

type Bits = readonly (readonly [name: string, bit: bigint])[];

/** Lines end with a newline, the last one too. */
export const formatPlan = (operations: readonly PlanOperation[]): string => {
  const table: Readonly<Record<string, Speller | undefined>> = spellers();
  const rows = new Map(operationTable.map((row) => [row.op, row]));
  const widest = Math.max(0, ...operations.map(({ op }) => op.length));
  return operations
    .map((operation) => {
      const row = rows.get(operation.op);
      const fields = (row?.fields ?? []).flatMap(([name, type]) => {
        const value = fieldOf(operation, name);
        return value === undefined
          ? []
          : [`${name}=${type === 'fd' ? `slot ${text(value)}` : spell(table, `${operation.op}.${name}`, value)}`];
      });
      return `${(row?.stage ?? '').padEnd(7)} ${operation.op.padEnd(widest)} ${fields.join(' ')}`.trimEnd() + '\n';
    })
    .join('');
};

const spell = (table: Readonly<Record<string, Speller | undefined>>, path: string, value: FieldValue): string => {
  const speller = table[path];
  return speller === undefined || (typeof value !== 'number' && typeof value !== 'bigint')
    ? text(value)
    : speller(BigInt(value));
};

/** As JSON, so that spaces and control characters show and lists are clear. */
const text = (value: FieldValue): string => (typeof value === 'bigint' ? value.toString() : JSON.stringify(value));

type Speller = (value: bigint) => string;

/** `mount_fs.flags` and so on, of every operation. */
type FieldPath<O> = O extends PlanOperation ? `${O['op']}.${Exclude<keyof O, 'op'> & string}` : never;

/** A function, so that importing this module computes nothing. */
const spellers = (): Partial<Record<FieldPath<PlanOperation>, Speller>> => {
  const namespaces = flags(kernelBits('CLONE_'));
  const mount = flags(kernelBits('MS_'));
  const capabilities = flags(capabilityNames.map((name, bit) => [name, 1n << BigInt(bit)]));
  const limit: Speller = (value) => (value === 0xffff_ffff_ffff_ffffn ? 'unlimited' : value.toString());
  const octal: Speller = (value) => `0${value.toString(8)}`;
  const yesNo = choice('no', 'yes');
  return {
    'namespaces.flags': namespaces,
    'join_namespaces.flags': namespaces,
    'map_ids.kind': choice('uid', 'gid'),
    'map_method.method': choice('self', 'set-uid-programs'),
    'stdio.flags': flags(smallBits('tty', 'stdin-open', 'stdin-once')),
    'attach_control.streams': flags(smallBits('stdin', 'stdout', 'stderr')),
    'exit_record.durable': yesNo,
    'mount_propagation.flags': mount,
    'root_overlay.flags': flags(smallBits('volatile')),
    'mount_overlay.flags': flags(smallBits('volatile')),
    'mount_bind.attrs': flags(kernelBits('MOUNT_ATTR_')),
    'mount_bind.flags': flags(smallBits('recursive', 'create', 'optional')),
    'mount_bind.propagation': mount,
    'mount_fs.flags': mount,
    'mount_fs.create': yesNo,
    'make_dir.mode': octal,
    'make_file.mode': octal,
    'set_umask.mask': octal,
    'set_rlimit.resource': choice(...Object.keys(constants.resourceLimits)),
    'set_rlimit.soft': limit,
    'set_rlimit.hard': limit,
    'set_capabilities.bounding': capabilities,
    'set_capabilities.effective': capabilities,
    'set_capabilities.permitted': capabilities,
    'set_capabilities.inheritable': capabilities,
    'set_capabilities.ambient': capabilities,
    'unpack_tar.flags': flags(smallBits('no-owners', 'plain-rootfs')),
  };
};

/** In the order of the bits: that of a module's exports depends on the bundler. */
const kernelBits = (prefix: string): Bits =>
  Object.entries(constants)
    .flatMap(([name, value]) =>
      name.startsWith(prefix) && typeof value === 'number' ? [[name, BigInt(value)] as const] : [],
    )
    .sort(([, a], [, b]) => (a < b ? -1 : 1));

const smallBits = (...names: readonly string[]): Bits => names.map((name, bit) => [name, 1n << BigInt(bit)]);

/** Names joined by |, with a rest that has no name in hexadecimal; 0 for none. */
const flags =
  (bits: Bits): Speller =>
  (value) => {
    const set = bits.filter(([, bit]) => (value & bit) === bit);
    const rest = set.reduce((left, [, bit]) => left & ~bit, value);
    const words = [...set.map(([name]) => name), ...(rest === 0n ? [] : [`0x${rest.toString(16)}`])];
    return words.length === 0 ? '0' : words.join('|');
  };

const choice =
  (...names: readonly string[]): Speller =>
  (value) =>
    names[Number(value)] ?? value.toString();
