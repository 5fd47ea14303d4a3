// SPDX-License-Identifier: Apache-2.0
// dist/cli.cache: the code that V8 has compiled of dist/cli.cjs after a run of the command, which later runs load
// instead of compiling. Made on the user's machine, because only the same V8 accepts it. Optional: without it the
// command starts slower.

import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from './sources.mjs';

/** Of the machine, for an image that has nothing. */
const programs = ['/usr', '/bin', '/lib', '/lib64'].filter((path) => existsSync(path));
const image = 'nothing';
const emptyTar = Buffer.alloc(1024);

/**
 * What the program does in it is compiled and kept; the rest stays lazy. The first that works is taken: a container of an
 * image, with a network and a port, in a home of its own and gone at once, saves a start 10 ms; where none can be started,
 * what can be planned. The native part has to be there.
 */
const typicalCommands = [
  ['run', '--rm', '-p', '127.0.0.1::80', ...programs.flatMap((path) => ['-v', `${path}:${path}:ro`]), image, 'true'],
  ['run', '--rm', 'host', 'true'],
  ['run', '--rm', '--network=none', '--dry-run=plan', 'host', 'true'],
];
const patienceMs = 20_000;

/** Compiles the bundle as bin/sampan.js does: V8 wants the same source, and so the same wrapper. */
const writer = `
  const { readFileSync, writeFileSync } = require('node:fs');
  const { join } = require('node:path');
  const [cache, dist] = process.argv.splice(1, 2);
  const filename = join(dist, 'cli.cjs');
  process.argv.splice(1, 0, filename);
  const source = require('node:module').wrap(readFileSync(filename, 'latin1'));
  const script = new (require('node:vm').Script)(source, { filename });
  process.on('exit', () => writeFileSync(cache, script.createCachedData()));
  script.runInThisContext()({}, require, { exports: {} }, filename, dist);
`;

export const writeCodeCache = () => {
  if (!existsSync(join(root, 'dist/cli.cjs'))) return;
  const cache = join(root, 'dist/cli.cache');
  const unfinished = `${cache}.${String(process.pid)}`;
  rmSync(cache, { force: true });
  const taken = typicalCommands.find((command) => run(unfinished, command));
  if (existsSync(unfinished)) renameSync(unfinished, cache);
  if (taken?.includes('--dry-run=plan') === true) {
    console.warn('no container can be started here: what the build keeps compiled makes a start 10 ms slower');
  }
};

const run = (cache, command) => {
  const home = mkdtempSync(join(tmpdir(), 'sampan-build-'));
  // the ids of containers of an engine that root starts pass through
  chmodSync(home, 0o711);
  const start = (args, input) =>
    spawnSync(process.execPath, args, {
      input,
      stdio: ['pipe', 'ignore', 'ignore'],
      timeout: patienceMs,
      env: { ...process.env, HOME: home, XDG_DATA_HOME: join(home, 'data'), XDG_RUNTIME_DIR: join(home, 'run') },
    });
  if (command.includes(image)) start([join(root, 'bin/sampan.js'), 'import', '-', image], emptyTar);
  const { status } = start(['-e', writer, cache, join(root, 'dist'), ...command], '');
  remove(home);
  return status === 0;
};

/** Where a container was cut off, files of its ids may be left, which only a user namespace can remove. */
const remove = (home) => {
  try {
    rmSync(home, { recursive: true, force: true });
  } catch (error) {
    console.warn(`${home} could not be removed (${error.code})`);
  }
};
