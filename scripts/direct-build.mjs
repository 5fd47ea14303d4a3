// SPDX-License-Identifier: Apache-2.0
// Compiles and links a target with nothing but the compiler: for machines that have neither cmake nor what node-gyp
// needs (python). Incremental: an object is compiled again when its command, or a file that it was made from, changed.

import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { flagsOf, root, sourcesOf } from './sources.mjs';
import { compiler } from './toolchain.mjs';

/**
 * @param {{ target: string, sources?: string[], output: string, objects: string, compileFlags?: string[], linkFlags?: string[] }} options
 * target: the group of flags; output and objects: paths from the root
 */
export const buildDirectly = async ({
  target,
  sources = sourcesOf(target),
  output,
  objects,
  compileFlags = [],
  linkFlags = [],
}) => {
  const flags = ['-I', root, ...compileFlags, ...flagsOf(target, 'compile')];
  const jobs = sources.map((source) => {
    const object = join(root, objects, `${source.replaceAll('/', '.')}.o`);
    return { object, command: [...compiler(), ...flags, '-MMD', '-c', join(root, source), '-o', object] };
  });
  mkdirSync(join(root, objects), { recursive: true });
  const queue = jobs.filter((job) => !isCurrent(job));
  const work = async () => {
    for (let job = queue.shift(); job !== undefined; job = queue.shift()) {
      console.log(`compile ${job.object}`);
      await execute(job.command);
      writeFileSync(`${job.object}.command`, job.command.join('\n'));
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  const built = jobs.map(({ object }) => object);
  const file = join(root, output);
  if (existsSync(file) && built.every((object) => statSync(object).mtimeMs < statSync(file).mtimeMs)) return;
  mkdirSync(dirname(file), { recursive: true });
  console.log(`link ${file}`);
  await execute([...compiler(), ...built, ...flagsOf(target, 'link'), ...linkFlags, '-o', file]);
};

const isCurrent = ({ object, command }) => {
  if (!existsSync(object) || !existsSync(`${object}.command`)) return false;
  if (readFileSync(`${object}.command`, 'utf8') !== command.join('\n')) return false;
  const made = statSync(object).mtimeMs;
  // "object: source header ..." with continued lines, as make reads it
  const files = readFileSync(object.replace(/\.o$/, '.d'), 'utf8')
    .replace(/^[^:]*:/, '')
    .replaceAll('\\\n', ' ')
    .trim()
    .split(/\s+/);
  return files.every((file) => (statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? Infinity) <= made);
};

const execute = ([program, ...args]) =>
  new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd: root, stdio: 'inherit' });
    child.on('error', reject);
    child.on('exit', (code, signal) => {
      if (code === 0) resolve();
      else reject(new Error(`${program} ${args.join(' ')} ended with ${signal ?? String(code)}`));
    });
  });
