// SPDX-License-Identifier: Apache-2.0
// The rounds of `npm run bench -- images`, run as an unprivileged user.

import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { tools } from './image-cases.mjs';
import { emptyStore, endPauseProcess, removeStore, settle } from './image-stores.mjs';
import { measureTree } from './measure-tree.mjs';
import { isInstalled, median } from './measure.mjs';
import { startRegistry } from './registry.mjs';

const reference = 'podman';

/** The directory goes with the rounds. */
export const runInDirectory = async (job) => {
  try {
    await runImageRounds(job);
  } finally {
    endPauseProcess(job.directory);
    removeStore(job.directory);
  }
};

const runImageRounds = async ({ images, operations, rounds, directory }) => {
  mkdirSync(directory, { recursive: true });
  const names = Object.keys(tools).filter((name) => name === 'sampan' || isInstalled(name));
  for (const image of images) {
    for (const operation of operations) {
      for (const scene of scenesOf(operation, image, directory))
        await compareTools({ scene, names, rounds, directory });
    }
  }
};

/** What is measured, and what must be there before; a scene says it for any tool. */
const scenesOf = (operation, image, directory) => {
  const { title, name } = image;
  const { docker, oci } = { docker: { kind: 'docker', path: image.docker }, oci: { kind: 'oci', path: image.oci } };
  const common = { image, operation, directory };
  switch (operation) {
    case 'load':
      return [
        { ...common, title: `load, plain layers: ${title}`, archive: docker },
        { ...common, title: `load, gzip layers: ${title}`, archive: oci },
      ];
    case 'pull':
      return [{ ...common, title: `pull: ${title}`, registry: 'filled' }];
    case 'push':
      return [{ ...common, title: `push, pulled before: ${title}`, registry: 'filled', before: 'pull', isFresh: true }];
    case 'save':
      return [{ ...common, title: `save: ${title}`, archive: oci, before: 'load', output: join(directory, 'out.tar') }];
    default:
      throw new Error(`${operation} ${name} is not measured`);
  }
};

const compareTools = async ({ scene, names, rounds, directory }) => {
  const source = scene.registry === undefined ? undefined : await filledRegistry(scene, directory);
  const stores = new Map(names.map((name) => [name, join(directory, name)]));
  const results = new Map(names.map((name) => [name, []]));
  const failures = new Map();
  try {
    for (const name of names) await prepare({ scene, name, store: stores.get(name), source, failures });
    for (let round = 0; round <= rounds; round++) {
      for (const name of names.filter((one) => !failures.has(one))) {
        // the last round is for memory alone
        const memory = round === rounds;
        const result = await measureOne({ scene, name, store: stores.get(name), source, memory });
        if (result.ok) results.get(name).push({ ...result, memory });
        else failures.set(name, result.message);
      }
    }
  } finally {
    await source?.stop();
    for (const store of stores.values()) removeStore(store);
  }
  print(scene.title, { results, failures, rounds });
};

const filledRegistry = async ({ image }, directory) => {
  const registry = await startRegistry(join(directory, 'registry'));
  const copy = ['copy', '--quiet', '--insecure-policy', '--dest-tls-verify=false'];
  const target = `docker://${registry.address}/${image.name}`;
  const { status, stderr } = spawnSync('skopeo', [...copy, `oci-archive:${image.oci}`, target], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`the registry could not be filled: ${stderr}`);
  return registry;
};

/** Only what takes from a store needs a full one. */
const prepare = async ({ scene, name, store, source, failures }) => {
  emptyStore(store);
  if (scene.before === undefined) return;
  const result = await measureTree(tools[name][scene.before](detailsOf({ scene, store, source })));
  if (!result.ok) failures.set(name, result.message);
};

const measureOne = async ({ scene, name, store, source, memory }) => {
  if (scene.before === undefined) emptyStore(store);
  if (scene.output !== undefined) rmSync(scene.output, { force: true });
  const target = scene.isFresh ? await startRegistry(join(scene.directory, 'target')) : undefined;
  try {
    const details = detailsOf({ scene, store, source: target ?? source });
    if (target !== undefined) await renameInStore({ scene, name, store, source, details });
    settle(scene.directory);
    return await measureTree(tools[name][scene.operation](details), { memory });
  } finally {
    await target?.stop();
  }
};

/** The target of a push is the image's name. */
const renameInStore = async ({ scene, name, store, source, details }) => {
  const { tag } = tools[name];
  if (tag === undefined) return;
  const pulled = detailsOf({ scene, store, source }).reference;
  const { ok, message } = await measureTree(tag({ ...details, name: pulled }));
  if (!ok) throw new Error(`${name} cannot name ${pulled} ${details.reference}: ${message}`);
};

const detailsOf = ({ scene: { image, archive, output }, store, source }) => ({
  store,
  archive,
  output,
  name: image.name,
  reference: source === undefined ? undefined : `${source.address}/${image.name}`,
});

const print = (title, { results, failures, rounds }) => {
  const middle = (name, of) => median((results.get(name) ?? []).filter(({ memory }) => !memory).map(of));
  const floor = middle(reference, ({ wall }) => wall);
  console.log(`\n${title} (median of ${String(rounds)})`);
  console.log(`  ${'tool'.padEnd(10)} ${['wall s', `x ${reference}`, 'CPU s', 'peak MB'].map(column).join(' ')}`);
  for (const [name, runs] of results) {
    if (failures.has(name)) {
      console.log(`  ${name.padEnd(10)} failed: ${failures.get(name)}`);
      continue;
    }
    const wall = middle(name, (run) => run.wall);
    const peak = runs.find(({ memory }) => memory)?.peakBytes ?? NaN;
    const cells = [
      wall.toFixed(2),
      (wall / floor).toFixed(2),
      middle(name, ({ cpu }) => cpu).toFixed(2),
      (peak / 1e6).toFixed(0),
    ];
    console.log(`  ${name.padEnd(10)} ${cells.map(column).join(' ')}`);
  }
};

const column = (text) => text.padStart(9);
