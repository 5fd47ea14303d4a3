// SPDX-License-Identifier: Apache-2.0
// Runs in the namespace that plays another machine. POST to the Unix socket {command, env, timeoutMs}: runs it there and
// answers {code, stdout, stderr}; with `start`: answers {pid} when it has said something; {end: pid} ends such a one.

import { spawn } from 'node:child_process';
import { createServer } from 'node:http';

const run = ({ command: [program, ...args], env, timeoutMs = 60_000 }, done) => {
  const child = spawn(program, args, {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
  });
  const text = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr']) child[name].on('data', (chunk) => (text[name] += chunk));
  child.on('error', (error) => done({ code: 127, stdout: '', stderr: error.message }));
  child.on('close', (code) => done({ code: code ?? 137, ...text }));
};

const started = new Map();

const start = ({ command: [program, ...args], env }, done) => {
  const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  started.set(child.pid, child);
  child.stdout.once('data', () => done({ pid: child.pid }));
  child.once('close', () => started.delete(child.pid));
};

const end = ({ end: pid }, done) => {
  const child = started.get(pid);
  if (child === undefined) return done({});
  child.once('close', () => done({}));
  return child.kill('SIGKILL');
};

const handle = (asked, done) => {
  if (asked.end !== undefined) return end(asked, done);
  return asked.start ? start(asked, done) : run(asked, done);
};

createServer((request, response) => {
  let text = '';
  request.on('data', (chunk) => (text += chunk));
  request.on('end', () => handle(JSON.parse(text), (result) => response.end(JSON.stringify(result))));
}).listen(process.argv[2]);
