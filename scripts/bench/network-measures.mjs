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
 * The fastest step of a ramp of which less than 1 % was lost. A coarse ramp finds where that is, a fine one measures it;
 * in the note, what arrived when the sender sent as fast as it could, which counts too when nothing was lost.
 */
export const datagrams = async (ends, shape, { load }) => {
  const run = async (ramp) => (await rampOf(ends, { ...shape, ...ramp }, load)).map(resultOf);
  const coarse = await run({ ...coarseRamp, firstMbits: shape.size < 10_000 ? 150 : 400 });
  const found = fastestBearable(coarse) * 1000;
  const fine = await run({ ...fineRamp, firstMbits: Math.max(1, Math.round(found * fineBegins)) });
  const [flatOut] = await run(flatOutRamp);
  return {
    value: fastestBearable([...fine, flatOut]),
    bytes: [...coarse, ...fine, flatOut].reduce((sum, step) => sum + step.bytes, 0),
    note: `flat out ${flatOut.rate.toFixed(2)}, ${(flatOut.loss * 100).toFixed(0)} % lost`,
  };
};

const coarseRamp = { growth: 40, steps: 16, stepMs: 60 };
/** From well below what the coarse one found to beyond it. */
const fineRamp = { growth: 6, steps: 12, stepMs: 120 };
const fineBegins = 0.75;
const flatOutRamp = { firstMbits: 0, growth: 0, steps: 1, stepMs: 400 };

const rampOf = async (
  { client, server, address, port },
  { size, isDownload = false, inTrains = false, ...ramp },
  load,
) => {
  const inner = String(ports.datagrams);
  const numbers = [size, inTrains ? 1 : 0, ramp.firstMbits, ramp.growth, ramp.steps, ramp.stepMs].map(String);
  const outer = [address, String(port(ports.datagrams)), ...numbers];
  const [waiting, calling] = isDownload
    ? [server([load, 'udp-answer', inner]), client([load, 'udp-fetch', ...outer])]
    : [server([load, 'udp-sink', inner, String(size)]), client([load, 'udp-blast', ...outer])];
  const printed = await Promise.all([runText(waiting), sleep(listenMilliseconds).then(() => runText(calling))]);
  return JSON.parse(printed.join('')).steps;
};

const resultOf = ({ sent, received, bytes, us }) => ({
  bytes,
  rate: us === 0 ? 0 : (bytes * 8) / us / 1e3,
  loss: sent === 0 ? 1 : 1 - received / sent,
});

const fastestBearable = (results) =>
  Math.max(0, ...results.filter(({ loss }) => loss < bearableLoss).map(({ rate }) => rate));

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
