// SPDX-License-Identifier: Apache-2.0
// What others wrote, fit for a message.

/** Hostile input in messages: bounded, printable. */
export const shorten = (value: unknown, longest = 100): string => {
  const text = typeof value === 'string' ? value : JSON.stringify(value ?? null);
  const printable = text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '?');
  return printable.length > longest ? `${printable.slice(0, longest)}...` : printable;
};
