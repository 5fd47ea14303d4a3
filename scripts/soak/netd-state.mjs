// SPDX-License-Identifier: Apache-2.0
// What a netd takes of the machine, and how many flows it has. Its memory and descriptors are hidden from its own user:
// when root has started the soak, root looks, and leaves what it saw in a file.

import { existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { endianness } from 'node:os';
import { join } from 'node:path';
import { root } from '../sources.mjs';

const frame = (name) => {
  const text = readFileSync(join(root, 'lib/native/protocol.ts'), 'utf8');
  return Number(new RegExp(`\\b${name}: (\\d+)`).exec(text)?.[1]);
};

/** The runtime directory of the one data root below this XDG_RUNTIME_DIR, and that of its netd. */
const placesOf = (runtime) => {
  const parent = join(runtime, 'sampan');
  const name = existsSync(parent) ? readdirSync(parent)[0] : undefined;
  if (name === undefined) return undefined;
  const netd = readdirSync(join(parent, name)).find((one) => one.startsWith('netd-'));
  return { directory: join(parent, name, netd ?? ''), title: `sampan-netd ${name}\0` };
};

const cmdline = (pid) => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1');
  } catch {
    // it has ended meanwhile
    return '';
  }
};

const processes = () => readdirSync('/proc').filter((name) => /^\d+$/.test(name));

export const netdPid = (runtime) => {
  const found = placesOf(runtime);
  return found === undefined ? undefined : processes().find((pid) => cmdline(pid).startsWith(found.title));
};

const factsFile = () => process.env.SAMPAN_SOAK_FACTS;

/** Root's part: what every netd takes now, by pid. */
export const writeFacts = (path) => {
  const facts = processes()
    .filter((pid) => cmdline(pid).startsWith('sampan-netd '))
    .flatMap((pid) => {
      try {
        return [[pid, { descriptors: readdirSync(`/proc/${pid}/fd`).length, privateKb: privateKb(pid) }]];
      } catch {
        // it has ended meanwhile
        return [];
      }
    });
  writeFileSync(`${path}.new`, JSON.stringify(Object.fromEntries(facts)), { mode: 0o644 });
  renameSync(`${path}.new`, path);
};

const privateKb = (pid) =>
  [...readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8').matchAll(/^Private_(?:Clean|Dirty):\s+(\d+) kB$/gm)].reduce(
    (sum, [, kb]) => sum + Number(kb),
    0,
  );

/** Asks it: NET_LIST. */
const flowsOf = (runtime) =>
  new Promise((resolve, reject) => {
    const native = createRequire(import.meta.url)(join(root, 'build/Release/sampan.node'));
    const fd = native.seqpacketConnect(placesOf(runtime).directory, 'netd');
    const channel = native.openChannel(fd, {
      onMessage: (message) => {
        channel.close();
        const { networks } = JSON.parse(message.subarray(16).toString());
        const sum = (key) => networks.reduce((total, network) => total + network[key], 0);
        resolve({ tcp: sum('tcp_connections'), udp: sum('udp_flows') });
      },
      onDrain: () => undefined,
      onClose: () => {
        channel.close();
        reject(new Error('netd closed the connection'));
      },
    });
    const request = Buffer.alloc(16);
    if (endianness() === 'LE') request.writeUInt16LE(frame('netList'));
    else request.writeUInt16BE(frame('netList'));
    channel.send(request);
  });

/** undefined while there is none, or it was killed meanwhile */
export const sampleNetd = async (runtime) => {
  const pid = netdPid(runtime);
  if (pid === undefined) return undefined;
  try {
    const flows = await flowsOf(runtime);
    return { pid, ...factsOf(pid), ...flows };
  } catch {
    return undefined;
  }
};

const factsOf = (pid) => {
  const path = factsFile();
  const facts = path === undefined ? {} : JSON.parse(readFileSync(path, 'utf8'));
  return facts[pid] ?? { descriptors: 0, privateKb: 0 };
};
