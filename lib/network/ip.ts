// SPDX-License-Identifier: Apache-2.0
// IP addresses and networks as numbers, so that comparing and counting them is arithmetic.

import { ipVersion } from '../util/ip-version.js';

export type Family = 4 | 6;

export interface Address {
  readonly family: Family;
  readonly value: bigint;
}

/** A network: every bit of `value` beyond `length` is 0. */
export interface Subnet extends Address {
  readonly length: number;
}

export const bitsOf = (family: Family): number => (family === 4 ? 32 : 128);

/** @returns undefined for text that is no address; zones (%eth0) are none of ours */
export const parseAddress = (text: string): Address | undefined => {
  const kind = ipVersion(text);
  if (kind === 4) return { family: 4, value: v4Value(text) };
  return kind === 6 && !text.includes('%') ? { family: 6, value: v6Value(text) } : undefined;
};

const v4Value = (text: string): bigint => text.split('.').reduce((value, part) => (value << 8n) | BigInt(part), 0n);

const v6Value = (text: string): bigint => {
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text);
  const tail = dotted === null ? 0n : v4Value(dotted[2] ?? '');
  const hex =
    dotted === null ? text : `${dotted[1] ?? ''}${(tail >> 16n).toString(16)}:${(tail & 0xffffn).toString(16)}`;
  const [head = '', rest] = hex.split('::', 2);
  const groupsOf = (part: string): readonly string[] => (part === '' ? [] : part.split(':'));
  const before = groupsOf(head);
  const after = rest === undefined ? [] : groupsOf(rest);
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => '0');
  return [...before, ...zeros, ...after].reduce((value, group) => (value << 16n) | BigInt(`0x${group}`), 0n);
};

/** The usual text; IPv6 as RFC 5952 has it. */
export const formatAddress = ({ family, value }: Address): string => {
  if (family === 4) return [24n, 16n, 8n, 0n].map((shift) => String((value >> shift) & 0xffn)).join('.');
  const groups = Array.from({ length: 8 }, (_, index) => ((value >> BigInt(112 - index * 16)) & 0xffffn).toString(16));
  const longest = longestZeros(groups);
  if (longest.length < 2) return groups.join(':');
  const before = groups.slice(0, longest.start).join(':');
  return `${before}::${groups.slice(longest.start + longest.length).join(':')}`;
};

const longestZeros = (groups: readonly string[]): { readonly start: number; readonly length: number } => {
  let longest = { start: 0, length: 0 };
  groups.forEach((_, start) => {
    const end = groups.findIndex((group, index) => index >= start && group !== '0');
    const length = (end < 0 ? groups.length : end) - start;
    if (length > longest.length) longest = { start, length };
  });
  return longest;
};

/** `address/length`; bits of the host part are cleared. @returns undefined for text that is no network */
export const parseSubnet = (text: string): Subnet | undefined => {
  const slash = text.indexOf('/');
  const address = slash < 0 ? undefined : parseAddress(text.slice(0, slash));
  const digits = text.slice(slash + 1);
  if (address === undefined || !/^\d{1,3}$/.test(digits) || Number(digits) > bitsOf(address.family)) return undefined;
  return subnetOf(address, Number(digits));
};

export const subnetOf = ({ family, value }: Address, length: number): Subnet => {
  const host = BigInt(bitsOf(family) - length);
  return { family, value: (value >> host) << host, length };
};

export const formatSubnet = (subnet: Subnet): string => `${formatAddress(subnet)}/${String(subnet.length)}`;

export const firstOf = ({ value }: Subnet): bigint => value;
export const lastOf = ({ family, value, length }: Subnet): bigint =>
  value + (1n << BigInt(bitsOf(family) - length)) - 1n;

export const contains = (subnet: Subnet, address: Address): boolean =>
  subnet.family === address.family && address.value >= firstOf(subnet) && address.value <= lastOf(subnet);

export const overlap = (a: Subnet, b: Subnet): boolean =>
  a.family === b.family && firstOf(a) <= lastOf(b) && firstOf(b) <= lastOf(a);
