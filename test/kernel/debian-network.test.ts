// SPDX-License-Identifier: Apache-2.0
// What people do first with a network: install a server in a Debian container, from the mirror that the image names, and
// look at its page from the host.

import { Agent, get } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { join } from 'node:path';
import { freePort } from '../support/free-port.js';
import { poll } from '../support/poll.js';
import { requires } from '../support/requires.js';
import { ok, uniqueName } from '../support/tool.js';

const debian = requires('userns', 'mount-in-userns', 'overlay-in-userns', 'subids', 'dev-net-tun', 'debian-image');

const archive = join(process.env['SAMPAN_TEST_DEBIAN'] ?? '', 'docker-archive.tar');
const connections = 64;
const requestsEach = 25;

const page = (url: string, agent?: Agent): Promise<string> =>
  new Promise((resolve, reject) => {
    get(url, { agent }, (response) => {
      buffer(response).then((body) => {
        resolve(`${String(response.statusCode)} ${body.toString()}`);
      }, reject);
    }).on('error', reject);
  });

debian.test(
  'apt-get installs nginx in a container, and its published port serves 64 connections of the host',
  async () => {
    await ok(['load', '-i', archive]);
    const [name, port] = [uniqueName('web'), await freePort()];
    const install = 'apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y nginx';
    const command = `(${install}) >/tmp/log 2>&1 || { tail -n 20 /tmp/log; exit 1; }; exec nginx -g 'daemon off;'`;
    await ok(['run', '-d', '--name', name, '-p', `${String(port)}:80`, 'debian:test', 'sh', '-c', command]);
    const url = `http://127.0.0.1:${String(port)}/`;
    const isServed = (): Promise<boolean> =>
      page(url).then(
        (text) => text.includes('Welcome to nginx!'),
        () => false,
      );
    const state = ['inspect', '-f', '{{.State.Status}}', name];
    await poll(async () => (await isServed()) || (await ok(state)) === 'exited', { timeoutMs: 240_000 });
    expect([await ok(state), await ok(['logs', name])]).toEqual(['running', '']);
    const agent = new Agent({ keepAlive: true, maxSockets: connections });
    const answers = await Promise.all(
      Array.from({ length: connections * requestsEach }, async () => (await page(url, agent)).slice(0, 3)),
    );
    agent.destroy();
    expect(answers.filter((status) => status === '200')).toHaveLength(connections * requestsEach);
    await ok(['rm', '-f', name]);
  },
  300_000,
);
