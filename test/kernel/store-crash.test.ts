// SPDX-License-Identifier: Apache-2.0
// load, rmi and prune are killed at random moments, some hundreds of times, also two at once. Afterwards the store must
// be sound: everything that index.json names is there in full. What a killed command left over may lie about, until the
// next prune. The seed is printed on failure; SAMPAN_TEST_SEED repeats a run's choices.

import { setTimeout as sleep } from 'node:timers/promises';
import { dockerArchive } from '../support/archives.js';
import { makeRandom } from '../support/random.js';
import { requires } from '../support/requires.js';
import { rootfsTar } from '../support/rootfs.js';
import { findLeaks } from '../support/sandbox.js';
import { storeState } from '../support/store-state.js';
import { file, makeTar } from '../support/tar.js';
import { ok, sandbox, startTool, tool } from '../support/tool.js';

const container = requires('userns', 'mount-in-userns', 'overlay-in-userns', 'subids', 'busybox');

const rounds = 200;
const seed = Number(process.env['SAMPAN_TEST_SEED'] ?? Date.now() % 1_000_000);
const random = makeRandom(seed);
const pick = <T>(choices: readonly T[]): T => choices[Math.floor(random() * choices.length)] as T; // never out of bounds

/** Images that share a base and differ above it, so that removing one must leave the others whole. */
const names = ['one:1', 'two:1', 'three:1'];
const archives = new Map(
  names.map((name) => [
    name,
    dockerArchive({
      layers: [rootfsTar(), makeTar([file('who', name), file('big', name.repeat(50_000))])],
      config: { Cmd: ['cat', '/who'], Env: ['PATH=/bin'] },
      names: [name],
    }),
  ]),
);

const commands: Readonly<Record<string, (name: string) => Parameters<typeof startTool>>> = {
  load: (name) => [['load'], { input: archives.get(name) ?? '' }],
  rmi: (name) => [['rmi', '-f', name]],
  tag: (name) => [['tag', name, 'other:1']],
  'image prune': () => [['image', 'prune', '-f']],
  'image prune -a': () => [['image', 'prune', '-af']],
  'system prune -a': () => [['system', 'prune', '-af']],
};

const strike = async (kind: string, name: string): Promise<void> => {
  const started = startTool(...(commands[kind]?.(name) ?? [[]]));
  const over = await Promise.race([started.then(() => true), sleep(random() * 250, false)]);
  if (!over) started.kill('SIGKILL');
  await started;
};

container.test(
  `killed at random moments, ${String(rounds)} times: the store is sound, and prune leaves nothing over`,
  async () => {
    for (let round = 0; round < rounds; round++) {
      const strikes = Array.from(
        { length: pick([1, 1, 2]) },
        () => [pick(Object.keys(commands)), pick(names)] as const,
      );
      await Promise.all(strikes.map(([kind, name]) => strike(kind, name)));
      const where = `seed ${String(seed)}, round ${String(round)}, ${strikes.map((words) => words.join(' ')).join(' and ')}`;
      const { exitCode, stdout, stderr } = await tool(['system', 'check', '--store']);
      expect({ where, exitCode, stderr, bad: stdout.split('\n').filter((line) => line.startsWith('failed')) }).toEqual({
        ...{ where, exitCode: 0, stderr: '' },
        bad: [],
      });
      if (round % 10 !== 0) continue;
      for (const name of names) await ok(['load'], { input: archives.get(name) ?? '' });
      expect(await Promise.all(names.map((name) => ok(['run', '--rm', name])))).toEqual(names);
      expect(await findLeaks(sandbox())).toEqual([]);
    }
    await ok(['system', 'prune', '-af']);
    expect(storeState()).toMatchObject({ blobs: [], layers: [] });
    expect(await findLeaks(sandbox())).toEqual([]);
  },
  1_800_000,
);

container.test(
  'an image removed while it is run: the run succeeds or says that there is no such image',
  async () => {
    const name = names[0] ?? '';
    const load = () => ok(['load'], { input: archives.get(name) ?? '' });
    await load();
    const outcomes = new Set<string>();
    const over = new AbortController();
    const remover = (async () => {
      while (!over.signal.aborted) {
        await tool(['rmi', '-f', name]);
        await load();
      }
    })();
    try {
      for (let round = 0; round < 60; round++) {
        const { exitCode, stdout, stderr } = await tool(['run', '--rm', '--network', 'none', '--pull', 'never', name]);
        outcomes.add(exitCode === 0 ? `0 ${stdout}` : `${String(exitCode)} ${stderr.split('\n')[0] ?? ''}`);
      }
    } finally {
      over.abort();
      await remover;
    }
    const allowed = [`0 ${name}`, expect.stringMatching(/^125 sampan: no such image: one:1/)];
    for (const outcome of outcomes) expect(allowed).toContainEqual(outcome);
    expect(outcomes).toContain(`0 ${name}`);
    expect(await findLeaks(sandbox())).toEqual([]);
  },
  300_000,
);
