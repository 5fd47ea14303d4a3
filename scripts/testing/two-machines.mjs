// SPDX-License-Identifier: Apache-2.0
// Two machines that are network namespaces, made by root: "host", where the tests and netd run, and "other", another
// machine of its network. A cable between them (addon/test/bad_link.cc) can be made as bad as one likes. Nothing of the
// real machine's network is touched; all of it goes when dispose() is called.
//
// How this works: tests run as an unprivileged user, who can neither enter the other machine nor change addresses. For
// both there is a Unix socket: `agent` (test/support/other-machine.mjs, as the user, in the other namespace) runs
// commands there, `control` (here, as root) takes {"impair": [loss, double, overtaken, ms]}, {"ip": [place, ...args]} and
// {"sysctl": [place, name, value]}.

import { spawn } from 'node:child_process';
import { chmodSync, chownSync, openSync, rmSync } from 'node:fs';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { output } from './commands.mjs';

export const addresses = { host: '198.51.100.1', other: '198.51.100.2', other6: '2001:db8:51::2' };
const host6 = '2001:db8:51::1';

export class TwoMachines {
  #children = [];

  static async make(directory, badLink) {
    const machines = new TwoMachines();
    machines.directory = directory;
    for (const name of ['host', 'other']) {
      const child = spawn('unshare', ['--net', 'sleep', 'infinity'], { stdio: 'ignore' });
      machines.#children.push(child);
      await once(child, 'spawn');
      machines[name] = `/proc/${String(child.pid)}/ns/net`;
    }
    await sleep(200);
    await machines.#plug(badLink);
    machines.#serve();
    return machines;
  }

  into(place) {
    return ['nsenter', `--net=${this[place]}`, '--'];
  }

  ip(place, ...args) {
    const [program, ...before] = this.into(place);
    return output(program, [...before, 'ip', ...args]);
  }

  sysctl(place, name, value) {
    const [program, ...before] = this.into(place);
    const path = `/proc/sys/${name.replaceAll('.', '/')}`;
    output(program, [...before, 'sh', '-c', 'printf %s "$1" > "$0"', path, value]);
  }

  async #plug(badLink) {
    this.cable = spawn(badLink, [this.host, this.other], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#children.push(this.cable);
    await once(this.cable.stdout, 'data');
    for (const place of ['host', 'other']) {
      this.ip(place, 'link', 'set', 'lo', 'up');
      this.ip(place, 'address', 'add', `${addresses[place]}/24`, 'dev', 'wire0');
      this.ip(place, 'link', 'set', 'wire0', 'up', 'mtu', '1500', 'txqueuelen', '2000');
    }
    this.ip('host', 'address', 'add', `${host6}/64`, 'dev', 'wire0', 'nodad');
    this.ip('other', 'address', 'add', `${addresses.other6}/64`, 'dev', 'wire0', 'nodad');
    this.ip('host', 'route', 'add', 'default', 'via', addresses.other);
    this.ip('host', 'route', 'add', 'default', 'via', addresses.other6);
    // the other machine serves names
    this.sysctl('other', 'net.ipv4.ip_unprivileged_port_start', '0');
  }

  #serve() {
    this.server = createServer((request, response) => {
      let text = '';
      request.on('data', (chunk) => (text += chunk));
      request.on('end', () => {
        try {
          const { impair, ip, sysctl } = JSON.parse(text);
          if (impair) this.cable.stdin.write(`${impair.map(Number).join(' ')}\n`);
          if (ip) this.ip(...ip.map(String));
          if (sysctl) this.sysctl(...sysctl.map(String));
          response.end('{}');
        } catch (error) {
          response.statusCode = 500;
          response.end(String(error.message));
        }
      });
    });
    this.server.listen(join(this.directory, 'control'));
  }

  /** What the user needs of it. */
  giveTo(user, environment) {
    const path = join(this.directory, 'control');
    chmodSync(path, 0o600);
    chownSync(path, user.uid, user.gid);
    const [program, ...before] = this.into('other');
    const as = ['setpriv', `--reuid=${String(user.uid)}`, `--regid=${String(user.gid)}`, '--init-groups'];
    const agent = [process.execPath, join(environment.tree, 'test/support/other-machine.mjs')];
    const child = spawn(program, [...before, ...as, ...agent, join(this.directory, 'agent')], {
      stdio: ['ignore', openSync('/dev/null', 'w'), 'inherit'],
      env: { PATH: environment.path, HOME: user.home },
    });
    this.#children.push(child);
  }

  dispose() {
    this.server?.close();
    for (const child of this.#children) child.kill('SIGKILL');
    rmSync(join(this.directory, 'control'), { force: true });
  }
}
