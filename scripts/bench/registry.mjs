// SPDX-License-Identifier: Apache-2.0
// Debian's docker-registry on loopback, without TLS; it logs errors only.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const startTries = 200;

/** @returns {Promise<{ address: string, stop(): Promise<void> }>} */
export const startRegistry = async (directory) => {
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  const address = `127.0.0.1:${String(await freePort())}`;
  const config = join(directory, 'config.json');
  // JSON is YAML
  writeFileSync(
    config,
    JSON.stringify({
      version: '0.1',
      log: { level: 'error', accesslog: { disabled: true } },
      storage: { filesystem: { rootdirectory: join(directory, 'data') } },
      http: { addr: address },
    }),
  );
  const child = spawn('docker-registry', ['serve', config], { stdio: 'ignore' });
  const ended = once(child, 'close');
  await answers(address, child);
  return {
    address,
    stop: async () => {
      child.kill();
      await ended;
      rmSync(directory, { recursive: true, force: true });
    },
  };
};

const answers = async (address, child) => {
  for (let tries = 0; tries < startTries && child.exitCode === null; tries++) {
    const { ok } = await fetch(`http://${address}/v2/`).catch(() => ({ ok: false }));
    if (ok) return;
    await sleep(50);
  }
  child.kill();
  throw new Error('docker-registry does not start');
};

const freePort = async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
};
