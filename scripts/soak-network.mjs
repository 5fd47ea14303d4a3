// SPDX-License-Identifier: Apache-2.0
// `node scripts/soak-network.mjs [--minutes 60] [--drain 330]`: an hour of mixed load at a low rate on one netd: small
// and large transfers, connects and closes, resets, UDP, DNS, published ports, idle connections, containers that come
// and go, and in the first fifth two times kill -9 of netd. Ends with a verdict: 0 when nothing failed (but what a kill
// explains), every idle connection survived, and descriptors, memory and flows are back where they were before the load.
//
// How this works: a baseline is sampled with the containers there and no load; the load runs; then it stops until the
// longest idle time of a flow (UDP, 300 s) is over, and the same is sampled again, of the same netd.

import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { root } from './sources.mjs';
import { ensureBuilt } from './testing/built.mjs';
import { ensureTestUser, makeRuntimeDirectory, openTun, readableTree, runAsUser } from './testing/kernel-user.mjs';
import { datagram, IdleClients, serveEcho, transfer } from './soak/echo-host.mjs';
import { netdPid, sampleNetd, writeFacts } from './soak/netd-state.mjs';
import { report } from './soak/verdict.mjs';

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '60' }, drain: { type: 'string', default: '330' } },
});
const minutes = Number(values.minutes);
/** Longer than the longest idle time of a flow; less only to try the script itself. */
const drainSeconds = Number(values.drain);
const sampleSeconds = 30;
/** Much data, because it may go another way than little. */
const bulkBytes = 30_000_000;
/** Failures within this time of a kill are the kill's. */
const graceMs = 8000;

const asRoot = async () => {
  ensureBuilt();
  openTun();
  const user = ensureTestUser();
  const tree = readableTree(user);
  const runtime = makeRuntimeDirectory(user);
  const facts = join('/run', `sampan-soak-${String(process.pid)}.json`);
  const looking = setInterval(() => writeFacts(facts), 1000);
  try {
    const command = [
      process.execPath,
      'scripts/soak-network.mjs',
      '--minutes',
      values.minutes,
      '--drain',
      values.drain,
    ];
    const env = { XDG_RUNTIME_DIR: runtime.path, SAMPAN_SOAK_FACTS: facts };
    return await runAsUser({ user, command, cwd: tree.path, env });
  } finally {
    clearInterval(looking);
    rmSync(facts, { force: true });
    tree.dispose();
    runtime.dispose();
  }
};

const hostAddress = () =>
  Object.values(networkInterfaces())
    .flat()
    .find(({ internal, family }) => !internal && family === 'IPv4')?.address;

class Soak {
  directory = mkdtempSync(join(tmpdir(), 'sampan-soak-'));
  runtime = join(this.directory, 'run');
  control = join(this.directory, 'control');
  counts = {};
  failures = [];
  kills = [];
  samples = [];
  idleLost = 0;
  idleInside = 0;
  loaded = true;

  constructor() {
    for (const path of [this.runtime, this.control]) mkdirSync(path, { mode: 0o700 });
  }

  tool(...args) {
    return new Promise((resolve, reject) => {
      const child = spawn(process.execPath, [join(root, 'bin/sampan.js'), ...args], {
        env: {
          PATH: process.env.PATH,
          HOME: process.env.HOME,
          XDG_DATA_HOME: join(this.directory, 'data'),
          XDG_RUNTIME_DIR: this.runtime,
        },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      let text = '';
      for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (text += chunk));
      child.on('error', reject);
      child.on('close', (code) =>
        code === 0 ? resolve(text.trim()) : reject(new Error(`sampan ${args.join(' ')}: ${text.trim().slice(0, 300)}`)),
      );
    });
  }

  note(kind, error) {
    if (error === undefined) this.counts[kind] = (this.counts[kind] ?? 0) + 1;
    else this.failures.push({ at: Date.now(), kind, text: String(error.message ?? error) });
  }

  async attempt(kind, work) {
    await work().then(
      () => this.note(kind),
      (error) => this.note(kind, error),
    );
  }

  async start() {
    const address = hostAddress();
    if (address === undefined) throw new Error('the machine has no IPv4 address but loopback');
    const port = await serveEcho(address);
    const mount = (from, to) => ['-v', `${from}:${to}:ro`];
    const run = (name, ...args) => this.tool('run', '-d', '--name', name, '--network', 'soak', ...args);
    await this.tool('network', 'create', 'soak');
    await run(
      'server',
      ...['-p', '127.0.0.1::7000', '-p', '127.0.0.1::7000/udp', ...mount(join(root, 'test/support'), '/support')],
      ...['host', 'python3', '/support/echo-server.py'],
    );
    const portOf = async (inside) => Number((await this.tool('port', 'server', inside)).split(':').at(-1));
    this.tcp = await portOf('7000');
    this.udp = await portOf('7000/udp');
    this.quiet(true);
    await sleep(2000);
    this.idle = new IdleClients(this.tcp, 20);
    await this.idle.fill();
    await run(
      'client',
      ...[...mount(join(root, 'scripts/soak'), '/soak'), ...mount(this.control, '/control')],
      ...['host', 'python3', '/soak/inside.py', address, String(port), 'server'],
    );
    this.follow();
    await sleep(8000);
  }

  /** What the client in the container says. */
  follow() {
    const env = { PATH: process.env.PATH, HOME: process.env.HOME, XDG_RUNTIME_DIR: this.runtime };
    this.logs = spawn(process.execPath, [join(root, 'bin/sampan.js'), 'logs', '-f', 'client'], {
      env: { ...env, XDG_DATA_HOME: join(this.directory, 'data') },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let rest = '';
    this.logs.stdout.on('data', (chunk) => {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop();
      for (const line of lines) this.hear(line);
    });
  }

  hear(line) {
    if (!line.startsWith('{')) return this.note('inside', line);
    const { counts = {}, failures = [], idle_lost: lost, idle } = JSON.parse(line);
    for (const [kind, count] of Object.entries(counts)) {
      this.counts[`inside ${kind}`] = (this.counts[`inside ${kind}`] ?? 0) + count;
    }
    for (const failure of failures) this.note('inside', failure);
    if (idle === undefined) return undefined;
    if (!this.afterKill(Date.now(), 20_000)) this.idleLost += lost;
    this.idleInside = idle;
    return undefined;
  }

  afterKill(at, graceTime = graceMs) {
    return this.kills.some((kill) => at >= kill && at - kill < graceTime);
  }

  quiet(isQuiet) {
    const path = join(this.control, 'quiet');
    if (isQuiet) writeFileSync(path, '');
    else rmSync(path, { force: true });
  }

  async checkIdle() {
    writeFileSync(join(this.control, 'check-idle'), '');
    await sleep(8000);
    rmSync(join(this.control, 'check-idle'));
    await sleep(6000);
  }

  /** One after the other, so that the rate stays low. */
  async load() {
    for (let turn = 0; this.loaded; turn++) {
      await this.attempt('published TCP', () => transfer(this.tcp));
      await this.attempt('published UDP', () => datagram(this.udp));
      if (turn % 40 === 0)
        await this.attempt('container', () => this.tool('run', '--rm', '--network', 'soak', 'host', 'true'));
      if (turn % 40 === 20)
        await this.attempt('burst', () => Promise.all(Array.from({ length: 50 }, () => transfer(this.tcp, 100))));
      if (turn % 40 === 10) await this.attempt('published bulk', () => transfer(this.tcp, bulkBytes));
      await sleep(400);
    }
  }

  async kill() {
    const pid = netdPid(this.runtime);
    this.kills.push(Date.now());
    process.kill(Number(pid), 'SIGKILL');
    await sleep(3000);
    await this.idle.fill();
    await this.checkIdle();
    this.kills.push(Date.now());
  }

  async sample(kind) {
    // root's look may be a second old
    await sleep(1500);
    const found = await sampleNetd(this.runtime);
    if (found === undefined) return undefined;
    const sample = { kind, at: new Date().toISOString(), ...found };
    this.samples.push(sample);
    const last = this.failures.at(-1);
    console.log(
      JSON.stringify({ ...sample, failures: this.failures.length, last: last && `${last.kind}: ${last.text}` }),
    );
    return sample;
  }

  async run() {
    await this.start();
    const end = Date.now() + minutes * 60_000;
    const fifth = (minutes * 60_000) / 5;
    const killTimes = [Date.now() + fifth / 3, Date.now() + (2 * fifth) / 3];
    this.quiet(false);
    const loading = this.load();
    let baseline;
    while (Date.now() < end) {
      await sleep(sampleSeconds * 1000);
      if (killTimes.length > 0 && Date.now() > killTimes[0]) {
        killTimes.shift();
        await this.kill();
        // the last netd: what it takes before any load came to it is what it has to come back to
        if (killTimes.length === 0) baseline = await this.baseline();
      }
      await this.sample('load');
    }
    this.loaded = false;
    this.quiet(true);
    await loading;
    await this.checkIdle();
    const alive = await this.idle.alive();
    await sleep(drainSeconds * 1000);
    const final = await this.sample('final');
    return { baseline, final, published: alive };
  }

  async baseline() {
    return this.sample('baseline');
  }

  async stop() {
    this.logs?.kill();
    this.idle?.close();
    await this.tool('rm', '-f', 'server', 'client').catch(() => undefined);
    await sleep(4000);
    spawn('unshare', ['--user', '--map-root-user', '--map-auto', 'rm', '-rf', this.directory], { stdio: 'ignore' });
  }
}

const soak = async () => {
  ensureBuilt();
  const work = new Soak();
  try {
    const outcome = await work.run();
    const failures = work.failures.filter(({ at }) => !work.afterKill(at));
    const lost = { inside: work.idleLost, published: work.idle.count - outcome.published };
    return report({
      ...outcome,
      failures,
      lost,
      counts: work.counts,
      samples: work.samples,
      kills: work.kills.length / 2,
    });
  } finally {
    await work.stop();
  }
};

process.exitCode = process.getuid() === 0 ? await asRoot() : await soak();
