// SPDX-License-Identifier: Apache-2.0
// The commands: names, docker's noun and top-level forms, and where the code is. A command's module is loaded when it
// is chosen: that is most of what makes the start fast.

import type { Command } from './command.js';

export type Noun = 'container' | 'image' | 'manifest' | 'network' | 'system';

export const nouns: Readonly<Record<Noun, string>> = {
  container: 'Manage containers',
  image: 'Manage images',
  manifest: 'Look at manifests in registries',
  network: 'Manage networks',
  system: 'Manage sampan itself',
};

export interface CommandEntry {
  /** absent: the command has a top-level form only */
  readonly noun?: Noun;
  /** after the noun; the first is the name, the others its aliases */
  readonly verbs: readonly string[];
  /** top-level forms; of two words: a part of the command that the first is, and found before it */
  readonly top: readonly string[];
  readonly summary: string;
  readonly hidden?: boolean;
  readonly load: () => Promise<{ readonly command: Command }>;
}

const container = (
  verbs: string | readonly string[],
  top: string,
  summary: string,
  load: CommandEntry['load'],
): CommandEntry => ({
  noun: 'container',
  verbs: typeof verbs === 'string' ? [verbs] : verbs,
  top: [top],
  summary,
  load,
});

const image = (
  verbs: string | readonly string[],
  top: readonly string[],
  summary: string,
  load: CommandEntry['load'],
): CommandEntry => ({ noun: 'image', verbs: typeof verbs === 'string' ? [verbs] : verbs, top, summary, load });

const top = (name: string, summary: string, load: CommandEntry['load']): CommandEntry => ({
  verbs: [],
  top: [name],
  summary,
  load,
});

const network = (verbs: string | readonly string[], summary: string, load: CommandEntry['load']): CommandEntry => ({
  noun: 'network',
  verbs: typeof verbs === 'string' ? [verbs] : verbs,
  top: [],
  summary,
  load,
});

export const registry: readonly CommandEntry[] = [
  container('run', 'run', 'Create and run a new container from an image', () => import('./commands/container/run.js')),
  container('exec', 'exec', 'Run a command in a running container', () => import('./commands/container/exec.js')),
  container(['ls', 'list', 'ps'], 'ps', 'List containers', () => import('./commands/container/ls.js')),
  container('logs', 'logs', 'Show the logs of a container', () => import('./commands/container/logs.js')),
  container('create', 'create', 'Create a new container', () => import('./commands/container/create.js')),
  container('start', 'start', 'Start one or more stopped containers', () => import('./commands/container/start.js')),
  container(
    'attach',
    'attach',
    'Attach stdin, stdout and stderr to a running container',
    () => import('./commands/container/attach.js'),
  ),
  container('stop', 'stop', 'Stop one or more running containers', () => import('./commands/container/stop.js')),
  container('restart', 'restart', 'Restart one or more containers', () => import('./commands/container/restart.js')),
  container('kill', 'kill', 'Kill one or more running containers', () => import('./commands/container/kill.js')),
  container(
    'port',
    'port',
    'List the published ports of a container, or of one of its ports',
    () => import('./commands/container/port.js'),
  ),
  container('top', 'top', 'Show the processes of a container', () => import('./commands/container/top.js')),
  top(
    'port add',
    'Publish more ports of a container, also while it runs',
    () => import('./commands/container/port-add.js'),
  ),
  top(
    'port rm',
    'Take published ports back, also while the container runs',
    () => import('./commands/container/port-rm.js'),
  ),
  container(
    'wait',
    'wait',
    'Wait until containers stop, then print their exit codes',
    () => import('./commands/container/wait.js'),
  ),
  container(['rm', 'remove'], 'rm', 'Remove one or more containers', () => import('./commands/container/rm.js')),
  container(
    'commit',
    'commit',
    "Make an image of a container's changes",
    () => import('./commands/container/commit.js'),
  ),
  container('cp', 'cp', 'Copy files between a container and the machine', () => import('./commands/container/cp.js')),
  container('rename', 'rename', 'Give a container another name', () => import('./commands/container/rename.js')),
  container('diff', 'diff', 'List what a container has changed', () => import('./commands/container/diff.js')),
  container(
    'export',
    'export',
    "Write a container's file system to a tar archive or stdout",
    () => import('./commands/container/export.js'),
  ),
  {
    noun: 'container',
    verbs: ['prune'],
    top: [],
    summary: 'Remove all stopped containers',
    load: () => import('./commands/container/prune.js'),
  },
  {
    noun: 'container',
    verbs: ['inspect'],
    top: [],
    summary: 'Show everything about one or more containers',
    load: () => import('./commands/container/inspect.js'),
  },
  {
    noun: 'container',
    verbs: ['cleanup'],
    top: [],
    summary: 'Remove a container that has exited and was started with --rm (the monitor calls this)',
    hidden: true,
    load: () => import('./commands/container/cleanup.js'),
  },
  image(['ls', 'list'], ['images'], 'List images', () => import('./commands/image/ls.js')),
  image('pull', ['pull'], 'Pull an image from a registry', () => import('./commands/image/pull.js')),
  image('push', ['push'], 'Push an image to a registry', () => import('./commands/image/push.js')),
  image('load', ['load'], 'Load images from a tar archive or stdin', () => import('./commands/image/load.js')),
  image(
    'import',
    ['import'],
    'Make an image from a tar archive of a root file system',
    () => import('./commands/image/import.js'),
  ),
  image('save', ['save'], 'Write images to a tar archive or stdout', () => import('./commands/image/save.js')),
  image('history', ['history'], 'Show the steps an image was made in', () => import('./commands/image/history.js')),
  image('tag', ['tag'], 'Give an image another name', () => import('./commands/image/tag.js')),
  image(
    ['copy', 'mirror'],
    [],
    'Copy an image between registries, archives and layouts',
    () => import('./commands/image/copy.js'),
  ),
  image(['rm', 'remove'], ['rmi'], 'Remove one or more images', () => import('./commands/image/rm.js')),
  image('prune', [], 'Remove unused images', () => import('./commands/image/prune.js')),
  image('inspect', [], 'Show everything about one or more images', () => import('./commands/image/inspect.js')),
  network('create', 'Create a network', () => import('./commands/network/create.js')),
  network(['ls', 'list'], 'List networks', () => import('./commands/network/ls.js')),
  network('inspect', 'Show everything about one or more networks', () => import('./commands/network/inspect.js')),
  network(['rm', 'remove'], 'Remove one or more networks', () => import('./commands/network/rm.js')),
  network('prune', 'Remove all networks that no container is on', () => import('./commands/network/prune.js')),
  network('connect', 'Connect a container to a network', () => import('./commands/network/connect.js')),
  network('disconnect', 'Take a container off a network', () => import('./commands/network/disconnect.js')),
  top('inspect', 'Show everything about containers, images and networks', () => import('./commands/inspect.js')),
  top('login', 'Log in to a registry', () => import('./commands/registry/login.js')),
  top('logout', 'Log out of a registry', () => import('./commands/registry/logout.js')),
  top('search', 'Search Docker Hub, or list a registry', () => import('./commands/registry/search.js')),
  {
    noun: 'manifest',
    verbs: ['inspect'],
    top: [],
    summary: 'Show a manifest or index of a registry',
    load: () => import('./commands/manifest/inspect.js'),
  },
  {
    noun: 'system',
    verbs: ['check'],
    top: [],
    summary: 'Check what this machine gives the engine, and how to fix what it does not',
    load: () => import('./commands/system/check.js'),
  },
  {
    noun: 'system',
    verbs: ['df'],
    top: [],
    summary: 'Show what images and containers take on disk',
    load: () => import('./commands/system/df.js'),
  },
  {
    noun: 'system',
    verbs: ['prune'],
    top: [],
    summary: 'Remove stopped containers, unused networks and unused images',
    load: () => import('./commands/system/prune.js'),
  },
  {
    noun: 'system',
    verbs: ['info'],
    top: ['info'],
    summary: 'Show facts about the engine and the machine',
    load: () => import('./commands/system/info.js'),
  },
  top(
    'completion',
    'Print the script that completes commands and names in a shell',
    () => import('./commands/completion.js'),
  ),
  top('version', 'Show the version', () => import('./commands/system/version.js')),
];

/** The shortest form: `run` for `container run`. */
export const shortName = ({ noun, verbs, top }: CommandEntry): string => top[0] ?? `${noun ?? ''} ${verbs[0] ?? ''}`;

/** Every form, the noun's first. */
export const allNames = ({ noun, verbs, top }: CommandEntry): readonly string[] => [
  ...verbs.map((verb) => `${noun ?? ''} ${verb}`),
  ...top,
];

export type Found =
  | { readonly kind: 'command'; readonly entry: CommandEntry; readonly typed: string; readonly rest: readonly string[] }
  | { readonly kind: 'noun'; readonly noun: Noun; readonly rest: readonly string[] }
  | { readonly kind: 'unknown'; readonly typed: string; readonly known: readonly string[] };

export const findCommand = (words: readonly string[]): Found => {
  const [first = '', second, ...rest] = words;
  const pair = second === undefined ? undefined : registry.find(({ top }) => top.includes(`${first} ${second}`));
  if (pair !== undefined) return { kind: 'command', entry: pair, typed: `${first} ${second ?? ''}`, rest };
  const top = registry.find((entry) => entry.top.includes(first));
  if (top !== undefined) return { kind: 'command', entry: top, typed: first, rest: words.slice(1) };
  if (!isNoun(first)) return { kind: 'unknown', typed: first, known: topWords() };
  if (second === undefined || second.startsWith('-')) return { kind: 'noun', noun: first, rest: words.slice(1) };
  const entry = registry.find(({ noun, verbs }) => noun === first && verbs.includes(second));
  if (entry !== undefined) return { kind: 'command', entry, typed: `${first} ${second}`, rest };
  return { kind: 'unknown', typed: `${first} ${second}`, known: verbsOf(first) };
};

const isNoun = (word: string): word is Noun => Object.hasOwn(nouns, word);

const topWords = (): readonly string[] => [
  ...registry.flatMap(({ top, hidden }) => (hidden ? [] : top)),
  ...Object.keys(nouns),
  'help',
];

const verbsOf = (wanted: Noun): readonly string[] =>
  registry.flatMap(({ noun, verbs, hidden }) =>
    noun === wanted && !hidden ? verbs.map((verb) => `${wanted} ${verb}`) : [],
  );
