// SPDX-License-Identifier: Apache-2.0
// How each tool does what is measured. `store` is a directory that holds everything it keeps.

import { join } from 'node:path';
import { execPath } from 'node:process';

export const operations = ['load', 'pull', 'push', 'save'];

const sampanProgram = join(import.meta.dirname, '../../bin/sampan.js');
const sampanCommand = (store, ...words) => ({
  command: [execPath, sampanProgram, ...words],
  env: { XDG_DATA_HOME: store },
});
const podmanCommand = (store, ...words) => ({
  command: ['podman', '--root', join(store, 'root'), '--runroot', join(store, 'run'), ...words],
  env: {},
});
const skopeoCommand = (...words) => ({
  command: ['skopeo', 'copy', '--quiet', '--insecure-policy', ...words],
  env: {},
});
const skopeoStore = (store, name) => `containers-storage:[overlay@${join(store, 'root')}+${join(store, 'run')}]${name}`;

/**
 * Tools by name; a tool lacks what it does not do.
 * `name` is the image's, `reference` its address in the registry, `archive` { kind: 'docker' | 'oci', path }.
 */
export const tools = {
  sampan: {
    load: ({ store, archive }) => sampanCommand(store, 'load', '--quiet', '-i', archive.path),
    pull: ({ store, reference }) => sampanCommand(store, 'pull', '--quiet', reference),
    tag: ({ store, name, reference }) => sampanCommand(store, 'tag', name, reference),
    push: ({ store, reference }) => sampanCommand(store, 'push', '--quiet', reference),
    save: ({ store, name, output }) => sampanCommand(store, 'save', '-o', output, name),
  },
  podman: {
    load: ({ store, archive }) => podmanCommand(store, 'load', '--quiet', '-i', archive.path),
    pull: ({ store, reference }) => podmanCommand(store, 'pull', '--quiet', '--tls-verify=false', reference),
    tag: ({ store, name, reference }) => podmanCommand(store, 'tag', name, reference),
    push: ({ store, reference }) => podmanCommand(store, 'push', '--quiet', '--tls-verify=false', reference),
    save: ({ store, name, output }) => podmanCommand(store, 'save', '--quiet', '-o', output, name),
  },
  skopeo: {
    load: ({ store, archive, name }) =>
      skopeoCommand(`${archive.kind}-archive:${archive.path}`, skopeoStore(store, name)),
    pull: ({ store, reference, name }) =>
      skopeoCommand('--src-tls-verify=false', `docker://${reference}`, skopeoStore(store, name)),
    push: ({ store, reference, name }) =>
      skopeoCommand('--dest-tls-verify=false', skopeoStore(store, name), `docker://${reference}`),
    save: ({ store, name, output }) => skopeoCommand(skopeoStore(store, name), `docker-archive:${output}:${name}`),
  },
};
