// SPDX-License-Identifier: Apache-2.0
// The encoder of plans: operations in, the bytes of addon/protocol/README.md out. Nothing is decided here.

import { sampanError } from '../errors/sampan-error.js';
import { operationTable, type FieldType, type OperationName, type PlanOperation } from './protocol.js';

const magic = 'SPLN';
const version = 1;
const headerSize = 16;
const recordSize = 72;
const firstArgument = 8;

interface Row {
  readonly number: number;
  readonly fields: readonly (readonly [name: string, type: FieldType])[];
}

export type FieldValue = string | readonly string[] | number | bigint | undefined;

/** @throws ERR_INVALID_VALUE for text with a NUL byte, ERR_INTERNAL for a number that does not fit its field */
export const encodePlan = (operations: readonly PlanOperation[]): Buffer => {
  const strings = new StringTable();
  const fixed = new ArrayBuffer(headerSize + recordSize * operations.length);
  // Typed arrays have the byte order of the machine, as the plan has.
  const words = new Uint32Array(fixed);
  const longs = new BigUint64Array(fixed);
  operations.forEach((operation, index) => {
    const { number, fields } = rows().get(operation.op) ?? unknownOperation(operation.op);
    const start = headerSize + index * recordSize;
    words[start / 4] = number;
    fields.forEach(([name, type], position) => {
      const argument = encodeField(strings, type, fieldOf(operation, name), `${operation.op}.${name}`);
      longs[(start + firstArgument) / 8 + position] = argument;
    });
  });
  const table = strings.bytes();
  words.set([version, operations.length, table.length], 1);
  const plan = Buffer.concat([Buffer.from(fixed), table]);
  plan.write(magic, 'latin1');
  return plan;
};

/** Collects the descriptors of a plan: add() gives the slot that a descriptor field of an operation holds. */
export class DescriptorSlots {
  readonly descriptors: number[] = [];

  add(fd: number): number {
    const known = this.descriptors.indexOf(fd);
    return known >= 0 ? known : this.descriptors.push(fd) - 1;
  }
}

/** Built at the first use, not at import: start-up does not pay for it. */
let cachedRows: ReadonlyMap<OperationName, Row> | undefined;
const rows = (): ReadonlyMap<OperationName, Row> =>
  (cachedRows ??= new Map(operationTable.map(({ op, fields }, number) => [op, { number, fields }])));

/** The generated table names exactly the members of the operation's type, which TypeScript cannot see. */
export const fieldOf = (operation: PlanOperation, name: string): FieldValue =>
  (operation as unknown as Readonly<Record<string, FieldValue>>)[name];

const encodeField = (strings: StringTable, type: FieldType, value: FieldValue, subject: string): bigint => {
  switch (type) {
    case 'str':
      if (value === undefined) return 0n;
      if (typeof value === 'string') return BigInt(strings.add(value, subject)) + 1n;
      break;
    case 'list':
      if (Array.isArray(value)) return encodeList(strings, value, subject);
      break;
    case 'u32':
      if (isUnsigned(value, 0xffff_ffff)) return BigInt(value);
      break;
    case 'u64':
      if (typeof value === 'bigint' && value === BigInt.asUintN(64, value)) return value;
      break;
    case 'fd':
      if (value === undefined) return 0n;
      if (isUnsigned(value, 0xffff)) return BigInt(value) + 1n;
      break;
  }
  throw sampanError('ERR_INTERNAL', { subject: `${subject}: ${String(value)} is no ${type}` });
};

const encodeList = (strings: StringTable, values: readonly string[], subject: string): bigint => {
  const offset = strings.size;
  for (const value of values) strings.append(value, subject);
  return (BigInt(values.length) << 32n) | BigInt(values.length === 0 ? 0 : offset);
};

const isUnsigned = (value: FieldValue, max: number): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= max;

const unknownOperation = (op: string): never => {
  throw sampanError('ERR_INTERNAL', { subject: `unknown plan operation ${op}` });
};

/** NUL-terminated UTF-8, one after the other; single strings are stored once. */
class StringTable {
  readonly #chunks: Buffer[] = [];
  readonly #offsets = new Map<string, number>();
  size = 0;

  add(text: string, subject: string): number {
    const known = this.#offsets.get(text);
    return known ?? this.append(text, subject);
  }

  append(text: string, subject: string): number {
    if (text.includes('\0')) {
      throw sampanError('ERR_INVALID_VALUE', {
        subject: `${subject}: text with a NUL byte`,
        hint: 'remove the NUL byte',
      });
    }
    const offset = this.size;
    const bytes = Buffer.from(`${text}\0`, 'utf8');
    this.#chunks.push(bytes);
    this.size += bytes.length;
    this.#offsets.set(text, offset);
    return offset;
  }

  bytes(): Buffer {
    return Buffer.concat(this.#chunks, this.size);
  }
}
