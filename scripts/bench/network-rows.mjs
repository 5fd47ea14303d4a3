// SPDX-License-Identifier: Apache-2.0
// The rows of the table: between which ends, and what is measured there.

import { connects, datagrams, requests, transfer } from './network-measures.mjs';
import { here, there } from './network-world.mjs';

export const groups = ['out', 'in', 'published', 'between', 'udp', 'rr', 'connects', 'memory', 'start'];

const same = (value) => value;

/**
 * Ways to go: the ends of a stack (undefined: it does not go that way), and of the limits. Ends are `client` and
 * `server`, which put a command into their place, and where the client finds the server: `address` and `port(number)`.
 */
const ways = {
  outbound: {
    of: (stack, world) =>
      stack.canReachOut ? { client: stack.inside, server: world.inside, address: there, port: same } : undefined,
    limits: {
      veth: (world) => ({ client: same, server: world.inside, address: there, port: same }),
      loopback: () => ({ client: same, server: same, address: '127.0.0.1', port: same }),
    },
  },
  publishedHere: {
    of: (stack) => ({ client: same, server: stack.inside, address: '127.0.0.1', port: stack.published }),
    limits: { loopback: () => ({ client: same, server: same, address: '127.0.0.1', port: same }) },
  },
  publishedThere: {
    of: (stack, world) => ({ client: world.inside, server: stack.inside, address: here, port: stack.published }),
    limits: { veth: (world) => ({ client: world.inside, server: same, address: here, port: same }) },
  },
  between: {
    of: ({ inside, neighbour }) =>
      neighbour && { client: inside, server: neighbour.inside, address: neighbour.address, port: same },
    limits: { veth: (world) => ({ client: same, server: world.inside, address: there, port: same }) },
  },
};

const row = (group, way, title, unit, measure) => ({ group, way: ways[way], title, unit, measure });
const speed = (group, way, title, options) =>
  row(group, way, `${title}, TCP, ${String(options.streams ?? 1)} stream(s)`, 'Gbit/s', (ends, job) =>
    transfer(ends, { streams: 1, isDownload: false, ...options }, job),
  );
const udp = (way, title, options) =>
  row(
    'udp',
    way,
    `UDP, ${title}, ${String(options.size)} B${options.inTrains ? ' in trains' : ''}`,
    'Gbit/s',
    (ends, job) => datagrams(ends, options, job),
  );

const shapes = [{ size: 1400 }, { size: 1400, inTrains: true }, { size: 65_000 }];

export const rows = [
  ...[1, 4].map((streams) => speed('out', 'outbound', 'container -> another host', { streams })),
  ...[1, 4].map((streams) => speed('in', 'outbound', 'another host -> container', { streams, isDownload: true })),
  speed('published', 'publishedHere', "published port, client on the host's loopback, in", {}),
  speed('published', 'publishedHere', "published port, client on the host's loopback, out", { isDownload: true }),
  speed('published', 'publishedThere', 'published port, client on another host, in', {}),
  speed('published', 'publishedThere', 'published port, client on another host, out', { isDownload: true }),
  speed('between', 'between', 'container -> container', {}),
  ...shapes.flatMap((shape) => [
    udp('outbound', 'container -> another host', shape),
    udp('outbound', 'another host -> container', { ...shape, isDownload: true }),
    udp('publishedThere', 'another host -> published port', shape),
  ]),
  ...[
    ['outbound', 'outbound'],
    ['publishedThere', 'published'],
  ].flatMap(([way, name]) =>
    [1, 16].map((connections) =>
      row('rr', way, `request/response, ${name}, ${String(connections)} connection(s)`, '/s', (ends, job) =>
        requests(ends, connections, job),
      ),
    ),
  ),
  ...[
    ['outbound', 'outbound'],
    ['publishedThere', 'published'],
  ].flatMap(([way, name]) =>
    [1, 16, 256].map((parallel) =>
      row('connects', way, `connects, ${name}, ${String(parallel)} in parallel`, '/s', (ends, job) =>
        connects(ends, parallel, job),
      ),
    ),
  ),
];

/** @returns {{ name, ends, pids, isLimit }[]} those that go that way */
export const contendersOf = ({ way }, stacks, world) => [
  ...stacks
    .map((stack) => ({ name: stack.name, pids: stack.pids, ends: way.of(stack, world), isLimit: false }))
    .filter(({ ends }) => ends !== undefined),
  ...Object.entries(way.limits).map(([name, ends]) => ({ name, pids: [], ends: ends(world), isLimit: true })),
];
