// SPDX-License-Identifier: Apache-2.0
// One measurement of one stack between two ends. Gives { value, bytes, note }: what counts, what went through for the
// CPU seconds, and what else is worth a word.

import { setTimeout as sleep } from 'node:timers/promises';
import { ports, runJson, runText } from './network-world.mjs';

const transferSeconds = 1.5;
const milliseconds = '1000';
const listenMilliseconds = 150;
/** Of what was sent may be lost. */
const bearableLoss = 0.01;

/** What arrived, by iperf3. */
export const transfer = async ({ client, address, port }, { streams, isDownload }) => {
  const command = [
    ...['iperf3', '--client', address, '--port', String(port(ports.iperf)), '--time', String(transferSeconds)],
    ...['--parallel', String(streams), '--interval', '0', '--json', ...(isDownload ? ['--reverse'] : [])],
  ];
  const { end, error } = await twice(() => runJson(client(command)));
  if (error !== undefined) throw new Error(`iperf3: ${error}`);
  const { bits_per_second: bits, bytes } = end.sum_received;
  return { value: bits / 1e9, bytes };
};

/** iperf3's server says that it is busy while it finishes with the client before. */
const twice = async (attempt) => {
  try {
    return await attempt();
  } catch {
    await sleep(300);
    return attempt();
  }
};

/**
 * The fastest step of the ramp of which less than 1 % was lost; in the note, what arrived when the sender sent as fast
 * as it could.
 */
export const datagrams = async (
  { client, server, address, port },
  { size, isDownload = false, inTrains = false },
  { load },
) => {
  const inner = String(ports.datagrams);
  const outer = [address, String(port(ports.datagrams)), String(size), ...(inTrains ? ['trains'] : [])];
  const [waiting, calling] = isDownload
    ? [server([load, 'udp-answer', inner]), client([load, 'udp-fetch', ...outer])]
    : [server([load, 'udp-sink', inner]), client([load, 'udp-blast', ...outer])];
  const printed = await Promise.all([runText(waiting), sleep(listenMilliseconds).then(() => runText(calling))]);
  const { steps } = JSON.parse(printed.join(''));
  const rates = steps.map(({ bytes, us }) => (bytes * 8) / us / 1e3);
  const bearable = rates.slice(0, -1).filter((_, index) => lossOf(steps[index]) < bearableLoss);
  return {
    value: Math.max(0, ...bearable),
    bytes: steps.reduce((sum, step) => sum + step.bytes, 0),
    note: `flat out ${rates.at(-1).toFixed(2)}, ${(lossOf(steps.at(-1)) * 100).toFixed(0)} % lost`,
  };
};

const lossOf = ({ sent, received }) => (sent === 0 ? 1 : 1 - received / sent);

export const requests = ({ client, address, port }, connections, { load }) =>
  perSecond(client([load, 'rr', address, String(port(ports.echo)), String(connections), milliseconds]));

export const connects = ({ client, address, port }, parallel, { load }) =>
  perSecond(client([load, 'connects', address, String(port(ports.oneByte)), String(parallel), milliseconds]));

const perSecond = async (command) => {
  const { perSecond: value, failed } = await runJson(command);
  return { value, ...(failed > 0 ? { note: `${String(failed)} failed` } : {}) };
};

/** Who a server in the container takes a client on another host for. */
export const clientAddress = async ({ client, address, port }, { load }) =>
  (await runJson(client([load, 'where', address, String(port(ports.peerName))]))).seen;
