// SPDX-License-Identifier: Apache-2.0
// The two machines that are namespaces: "here", where the stacks run (our own network namespace), and "there". And how
// programs are run in them.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { hasProgram, output } from '../testing/commands.mjs';

export const here = '203.0.113.1';
export const there = '203.0.113.2';
export const ports = { iperf: 5201, echo: 5301, oneByte: 5302, peerName: 5303, datagrams: 5304 };

const shownBytes = 4096;

/** Makes the link; gives what runs a command there. */
export const makeWorld = ({ directory, load }) => {
  giveSubIds(directory);
  const holder = startInBackground(['unshare', '--net', load, 'pause']);
  waitForNamespace(holder.pid);
  const inside = intoNetworkOf(holder.pid);
  const link = (text) => output('ip', text.split(' '));
  const linkThere = (text) => output(...split(inside(['ip', ...text.split(' ')])));
  link(`link add up0 type veth peer name up1 netns ${String(holder.pid)}`);
  link('link set lo up');
  link(`address add ${here}/24 dev up0`);
  link('link set up0 up');
  linkThere('link set lo up');
  linkThere(`address add ${there}/24 dev up1`);
  linkThere('link set up1 up');
  link(`route add default via ${there}`);
  // else segments of one connection overtake each other when a sender changes the processor, which real links do not do
  if (hasProgram('ethtool')) {
    output('ethtool', ['-K', 'up0', 'gro', 'on']);
    output(...split(inside(['ethtool', '-K', 'up1', 'gro', 'on'])));
  }
  return { inside };
};

/** newuidmap asks this file, as on a machine of its own; it is seen in this mount namespace only. */
const giveSubIds = (directory) => {
  const path = join(directory, 'subid');
  writeFileSync(path, 'root:1:65535\n', { mode: 0o644 });
  for (const file of ['/etc/subuid', '/etc/subgid']) output('mount', ['--bind', path, file]);
};

export const intoNetworkOf = (pid) => (command) => ['nsenter', `--net=/proc/${String(pid)}/ns/net`, '--', ...command];

/** [program, arguments] */
export const split = ([program, ...args]) => [program, args];

export const startInBackground = (command, options = {}) => {
  const [program, args] = split(command);
  // a session of its own, as netd has: the kernel schedules sessions, not processes, against each other
  const child = spawn(program, args, { stdio: 'ignore', detached: true, ...options });
  // the namespace of processes ends with us, and they with it
  child.unref();
  return child;
};

/** Until `unshare` has made it and gone over to the program. */
const waitForNamespace = (pid) => {
  for (let tries = 0; tries < 500; tries++) {
    if (readFileSync(`/proc/${String(pid)}/comm`, 'utf8') === 'load\n') return;
    output('sleep', ['0.01']);
  }
  throw new Error('unshare made no network namespace');
};

/** A namespace that is like a container without an engine: for peers. `flags` are unshare's. */
export const startEmptyContainer = ({ load }, flags) => {
  const holder = startInBackground(['unshare', ...flags, load, 'pause']);
  waitForNamespace(holder.pid);
  output(...split(intoNetworkOf(holder.pid)(['ip', 'link', 'set', 'lo', 'up'])));
  return holder;
};

/** What it printed, as JSON; throws with what it said. */
export const runJson = async (command, milliseconds = 10_000) => JSON.parse(await runText(command, milliseconds));

export const runText = async (command, milliseconds = 10_000) => {
  const [program, args] = split(command);
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: milliseconds,
    killSignal: 'SIGKILL',
  });
  let text = '';
  let errors = '';
  child.stdout.setEncoding('utf8').on('data', (chunk) => (text += chunk));
  child.stderr.setEncoding('utf8').on('data', (chunk) => (errors = (errors + chunk).slice(-shownBytes)));
  const [code, signal] = await once(child, 'close');
  if (code === 0) return text;
  const reason =
    signal === 'SIGKILL' ? `not done within ${String(milliseconds / 1000)} s` : `ended with ${String(code)}`;
  throw new Error(`${reason}: ${errors.trim() || (/"error":\s*"(.*)"/.exec(text)?.[1] ?? 'it said nothing')}`);
};

/** The servers of one place: all that loads talk to. */
export const startServers = (inside, load) => [
  startInBackground(inside([load, 'serve', String(ports.echo)])),
  startInBackground(inside(['iperf3', '--server', '--port', String(ports.iperf)])),
];

export const waitUntil = async (what, isSo, milliseconds = 15_000) => {
  for (const end = Date.now() + milliseconds; Date.now() < end; await sleep(20)) {
    if (await isSo()) return;
  }
  throw new Error(`${what} did not happen within ${String(milliseconds / 1000)} s`);
};

/** CPU seconds that processes have used, all their threads, to the nanosecond. */
export const cpuSeconds = (pids) =>
  pids.reduce((sum, pid) => sum + threadsOf(pid).reduce((all, path) => all + nanoseconds(path) / 1e9, 0), 0);

const threadsOf = (pid) =>
  readdirSync(`/proc/${String(pid)}/task`).map((thread) => `/proc/${String(pid)}/task/${thread}/schedstat`);

const nanoseconds = (path) => Number(readFileSync(path, 'utf8').split(' ')[0]);

export const privateBytes = (pids) =>
  pids.reduce((sum, pid) => {
    const text = readFileSync(`/proc/${String(pid)}/smaps_rollup`, 'utf8');
    return [...text.matchAll(/^Private_(?:Clean|Dirty):\s+(\d+) kB$/gm)].reduce(
      (all, [, kilobytes]) => all + Number(kilobytes) * 1024,
      sum,
    );
  }, 0);

export const childrenOf = (pid) =>
  readFileSync(`/proc/${String(pid)}/task/${String(pid)}/children`, 'utf8')
    .split(' ')
    .filter(Boolean)
    .map(Number);
