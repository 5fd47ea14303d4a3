// SPDX-License-Identifier: Apache-2.0
// The stacks that are compared. Each gives a container with its servers and published ports:
//
//   { name, inside: command => command, pids: of the stack's processes, published: [port] -> port on the host,
//     canReachOut }

import { once } from 'node:events';
import { connect } from 'node:net';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { execPath } from 'node:process';
import { output } from '../testing/commands.mjs';
import {
  childrenOf,
  intoNetworkOf,
  ports,
  startEmptyContainer,
  startInBackground,
  startServers,
  waitUntil,
} from './network-world.mjs';

const program = join(import.meta.dirname, '../../bin/sampan.js');
const image = 'bench';
const tcpPorts = [ports.iperf, ports.echo, ports.oneByte, ports.peerName];
/** The same port in all containers has another one on the host for each stack. */
const onHost = (base) => (port) => base + port;
const mapped = (base, list = tcpPorts) => list.map((port) => `${String(base + port)}:${String(port)}`);

export const sampan = (...words) => [execPath, program, ...words];

export const storeOf = (directory, name) => ({ env: { ...process.env, XDG_DATA_HOME: join(directory, name) } });

/** A store with an image that holds nothing but the load generator. */
export const fillStore = (job, name) => {
  const archive = join(job.directory, 'image.tar');
  output('tar', ['-C', join(job.load, '..'), '-cf', archive, 'load']);
  const [node, ...args] = sampan('import', archive, image);
  output(node, args, storeOf(job.directory, name));
};

const command = (...words) => sampan(...words, image, '/load');

const startSampan = async (job) => {
  const store = storeOf(job.directory, 'data');
  const run = ([node, ...args]) => output(node, args, store).trim();
  fillStore(job, 'data');
  const publish = [
    ...mapped(10_000).flatMap((pair) => ['-p', pair]),
    ...['-p', `${String(10_000 + ports.datagrams)}:${String(ports.datagrams)}/udp`],
  ];
  run([...command('run', '-d', '--network', 'bridge', '--name', 'one', ...publish), 'pause']);
  run([...command('run', '-d', '--network', 'bridge', '--name', 'two'), 'pause']);
  const pidOf = (name) => Number(run(sampan('inspect', '--format', '{{.State.Pid}}', name)));
  const neighbour = intoNetworkOf(pidOf('two'));
  startServers(neighbour, job.load);
  const address = run(sampan('inspect', '--format', '{{.NetworkSettings.Networks.bridge.IPAddress}}', 'two'));
  return {
    pid: pidOf('one'),
    pids: [netd()],
    published: onHost(10_000),
    canReachOut: true,
    neighbour: { inside: neighbour, address },
    stop: () => run(sampan('rm', '--force', 'one', 'two')),
  };
};

/** One per data root, and this process namespace knows one more only while start-up is measured. */
export const netds = () =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && readIfThere(`/proc/${name}/cmdline`).startsWith('sampan-netd'))
    .map(Number);

const readIfThere = (path) => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // it has ended meanwhile
    return '';
  }
};

const netd = () => {
  const [pid] = netds();
  if (pid === undefined) throw new Error('no netd is running');
  return pid;
};

/** As podman calls it. */
const startSlirp4netns = async (job) => {
  const holder = startEmptyContainer(job, ['--net']);
  const socket = join(job.directory, 'slirp.sock');
  const stack = startInBackground([
    ...['slirp4netns', '--disable-host-loopback', '--mtu=65520', '--enable-sandbox', '--enable-seccomp', '--configure'],
    ...['--api-socket', socket, String(holder.pid), 'tap0'],
  ]);
  await waitUntil('the start of slirp4netns', () => hasInterface(holder.pid, 'tap0') && existsSync(socket));
  const forward = (proto, port) =>
    askSlirp(socket, {
      execute: 'add_hostfwd',
      arguments: { proto, host_addr: '0.0.0.0', host_port: 20_000 + port, guest_port: port },
    });
  for (const port of tcpPorts) await forward('tcp', port);
  await forward('udp', ports.datagrams);
  return { pid: holder.pid, pids: [stack.pid], published: onHost(20_000), canReachOut: true };
};

const askSlirp = async (path, request) => {
  const socket = connect(path);
  socket.setEncoding('utf8').end(JSON.stringify(request));
  let answer = '';
  socket.on('data', (chunk) => (answer += chunk));
  await once(socket, 'close');
  if (!/"return"/.test(answer)) throw new Error(`slirp4netns refused: ${answer}`);
};

/** As podman calls it. */
const startPasta = async (job) => {
  const holder = startEmptyContainer(job, ['--user', '--map-root-user', '--net']);
  const stack = startInBackground([
    ...['pasta', '--foreground', '--quiet', '--config-net', '--no-map-gw', '--ipv4-only'],
    ...['-t', mapped(30_000).join(','), '-u', mapped(30_000, [ports.datagrams]).join(','), '-T', 'none', '-U', 'none'],
    String(holder.pid),
  ]);
  await waitUntil('the start of pasta', () => hasInterface(holder.pid, 'up0'));
  return { pid: holder.pid, pids: [stack.pid], published: onHost(30_000), canReachOut: true };
};

/** Only its port driver is its own: the way out is slirp4netns. */
const startRootlesskit = async (job) => {
  const publish = [
    ...tcpPorts.map((port) => `0.0.0.0:${String(40_000 + port)}:${String(port)}/tcp`),
    `0.0.0.0:${String(40_000 + ports.datagrams)}:${String(ports.datagrams)}/udp`,
  ];
  const stack = startInBackground([
    ...['rootlesskit', '--net=slirp4netns', '--mtu=65520', '--disable-host-loopback', '--port-driver=builtin'],
    ...publish.flatMap((one) => ['--publish', one]),
    ...[job.load, 'pause'],
  ]);
  let pids = [];
  await waitUntil('the start of rootlesskit', () => {
    pids = [stack.pid, ...childrenOf(stack.pid)];
    return pids.some((pid) => hasInterface(pid, 'tap0'));
  });
  const child = pids.find((pid) => hasInterface(pid, 'tap0'));
  return { pid: child, pids, published: onHost(40_000), canReachOut: false };
};

const hasInterface = (pid, name) => readIfThere(`/proc/${String(pid)}/net/dev`).includes(`${name}:`);

const starters = {
  sampan: startSampan,
  slirp4netns: startSlirp4netns,
  pasta: startPasta,
  rootlesskit: startRootlesskit,
};

/** All that work here; says why another one does not. */
export const startStacks = async (job) => {
  const stacks = [];
  for (const [name, start] of Object.entries(starters)) {
    try {
      const stack = await start(job);
      const inside = intoNetworkOf(stack.pid);
      startServers(inside, job.load);
      stacks.push({ ...stack, name, inside });
    } catch (error) {
      console.log(`${name}: left out: ${error.message}`);
    }
  }
  return stacks;
};
