// SPDX-License-Identifier: Apache-2.0
// Ports and loopback addresses that nobody else takes between the moment they are chosen and the moment they are used:
// outside of the range from which the kernel gives ports to those who ask for any (ip_local_port_range of ip(7)), and
// addresses of 127.0.0.0/8 that follow from the test's process.

import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';

const lowest = 10_000;
/** Below it: the ports of known services too, most of them. */
const firstOfKernel = (): number => {
  const [first = 0] = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').split('\t').map(Number);
  return first > lowest + 5000 ? first : 32_768;
};

/** Those of this process, which are not given out again. */
const given = new Set<number>();

const isFree = async (port: number, host: string): Promise<boolean> => {
  if (given.has(port)) return false;
  const server = createServer().listen({ port, host });
  const isListening = await once(server, 'listening').then(
    () => true,
    () => false,
  );
  if (isListening) await once(server.close(), 'close');
  return isListening;
};

/** The first of so many TCP ports in a row that are free at every address. */
export const freeRange = async (count: number): Promise<number> => {
  const span = firstOfKernel() - lowest - count;
  for (let attempt = 0; attempt < 100; attempt++) {
    const first = lowest + Math.floor(Math.random() * span);
    let port = first;
    while (port < first + count && (await isFree(port, '0.0.0.0'))) port++;
    if (port < first + count) continue;
    for (let one = first; one < port; one++) given.add(one);
    return first;
  }
  throw new Error(`no ${String(count)} ports in a row are free`);
};

/** A TCP port that is free at every address. */
export const freePort = (): Promise<number> => freeRange(1);

/** An address of loopback that only this process publishes at; with another number another one. */
export const ownLoopback = (number = 1): string =>
  `127.${String(1 + (process.pid % 250))}.${String(1 + (Math.floor(process.pid / 250) % 250))}.${String(number)}`;
