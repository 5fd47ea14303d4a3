// SPDX-License-Identifier: Apache-2.0
// Runs a suite as a process of its own with our output, and counts its single tests from what it printed. A check that
// counts nothing (lint, types) is one test.

import { spawn } from 'node:child_process';

const keptBytes = 1 << 16;
/** The suites write into pipes of ours: they must be told whether colours are seen. */
const colour = process.stdout.isTTY ? { FORCE_COLOR: '1' } : { NO_COLOR: '1' };

/** @returns {Promise<{ name, passed, failed, skipped, seconds }>} */
export const runSuite = async ({ name, command: [program, ...args], cwd, env = process.env }) => {
  console.log(`\n=== ${name}`);
  const started = performance.now();
  const { code, tail } = await runShown({
    program,
    args,
    cwd,
    env: { ...env, ...colour },
  });
  const counts = countsIn(tail) ?? { passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, skipped: 0 };
  // a suite that ends badly has failed, whatever it counted (a test file that could not be loaded counts no test)
  if (code !== 0 && counts.failed === 0) counts.failed = 1;
  return { name, ...counts, seconds: (performance.now() - started) / 1000 };
};

const runShown = ({ program, args, cwd, env }) =>
  new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let tail = '';
    for (const [stream, out] of [
      [child.stdout, process.stdout],
      [child.stderr, process.stderr],
    ]) {
      stream.on('data', (chunk) => {
        out.write(chunk);
        tail = (tail + chunk.toString('latin1')).slice(-keptBytes);
      });
    }
    child.on('error', reject);
    child.on('close', (code) => resolve({ code: code ?? 1, tail }));
  });

const colours = /\u001b\[[\d;]*m/g;
const ours = /^(\d+) passed, (\d+) failed, (\d+) skipped$/gm;
const jests = /^Tests:\s+(.*\btotal)$/gm;

/** The last count in the text: our own line, or jest's. */
export const countsIn = (text) => {
  const plain = text.replace(colours, '');
  const own = [...plain.matchAll(ours)].at(-1);
  if (own) return { passed: Number(own[1]), failed: Number(own[2]), skipped: Number(own[3]) };
  const jest = [...plain.matchAll(jests)].at(-1)?.[1];
  if (jest === undefined) return undefined;
  const count = (word) => Number(new RegExp(`(\\d+) ${word}`).exec(jest)?.[1] ?? 0);
  return { passed: count('passed'), failed: count('failed'), skipped: count('skipped') + count('todo') };
};

/** Prints the table and the line of totals; returns the exit code. */
export const printSummary = (results) => {
  const rows = results.map(({ name, passed, failed, skipped, seconds }) => [
    name,
    failed === 0 ? 'ok' : 'FAILED',
    String(passed),
    String(failed),
    String(skipped),
    `${seconds.toFixed(1)} s`,
  ]);
  const table = [['suite', '', 'passed', 'failed', 'skipped', 'time'], ...rows];
  const widths = table[0].map((_, column) => Math.max(...table.map((row) => row[column].length)));
  console.log('');
  for (const row of table) {
    console.log(
      row.map((cell, column) => (column < 2 ? cell.padEnd(widths[column]) : cell.padStart(widths[column]))).join('  '),
    );
  }
  const total = (key) => results.reduce((sum, result) => sum + result[key], 0);
  console.log(
    `\n${String(total('passed'))} passed, ${String(total('failed'))} failed, ${String(total('skipped'))} skipped`,
  );
  return total('failed') === 0 ? 0 : 1;
};
