// SPDX-License-Identifier: Apache-2.0
// Options of run and create: which process runs, as whom, with which environment.

import { readEnvFile, readEnvOption } from '../parse/environment.js';
import { labelsFromFile, labelsOf, readLabel } from '../parse/labels.js';
import { readKeyValue } from '../parse/key-value.js';
import { createBoolean, createList, createString, createTexts, type CreateOption } from '../create-option.js';

export const processOptions: readonly CreateOption[] = [
  createString('process', {
    name: 'entrypoint',
    describe: 'overwrite the ENTRYPOINT of the image',
    docker: 'Config.Entrypoint',
    apply: (request, text) => ({ ...request, entrypoint: text === '' ? [] : [text] }),
  }),
  createBoolean('process', {
    name: 'init',
    describe: 'run an init inside the container that forwards signals and reaps processes',
    docker: 'HostConfig.Init',
    apply: (request, init) => ({ ...request, init }),
  }),
  createBoolean('process', {
    name: 'interactive',
    short: 'i',
    describe: 'keep stdin open even if not attached',
    docker: 'Config.OpenStdin',
    apply: (request, openStdin) => ({ ...request, openStdin }),
  }),
  createBoolean('process', {
    name: 'tty',
    short: 't',
    describe: 'allocate a pseudo-terminal',
    docker: 'Config.Tty',
    apply: (request, tty) => ({ ...request, tty }),
  }),
  createString('process', {
    name: 'user',
    short: 'u',
    describe: 'user name or id (format: <name|uid>[:<group|gid>])',
    docker: 'Config.User',
    apply: (request, user) => ({ ...request, user }),
  }),
  createTexts('process', {
    name: 'group-add',
    describe: 'additional group to join',
    docker: 'HostConfig.GroupAdd',
    apply: (request, groupAdd) => ({ ...request, groupAdd }),
  }),
  createString('process', {
    name: 'workdir',
    short: 'w',
    describe: 'working directory inside the container',
    docker: 'Config.WorkingDir',
    apply: (request, workingDir) => (workingDir === '' ? request : { ...request, workingDir }),
  }),
  // Files first, so that -e wins over a file wherever it stands.
  createTexts('environment', {
    name: 'env-file',
    describe: 'read environment variables from a file',
    docker: 'Config.Env',
    apply: (request, files, caller) => ({
      ...request,
      env: [...request.env, ...files.flatMap((file) => readEnvFile(file, caller))],
    }),
  }),
  createList('environment', {
    name: 'env',
    short: 'e',
    describe: 'set an environment variable (NAME=VALUE, or NAME to take it from the caller)',
    docker: 'Config.Env',
    read: readEnvOption,
    apply: (request, variables, caller) => ({
      ...request,
      env: [...request.env, ...variables.flatMap((variable) => variable(caller))],
    }),
  }),
  createTexts('environment', {
    name: 'label-file',
    describe: 'read labels from a file, one per line',
    docker: 'Config.Labels',
    apply: (request, files, caller) => ({
      ...request,
      labels: files.reduce((labels, file) => ({ ...labels, ...labelsFromFile(file, caller) }), request.labels),
    }),
  }),
  createList('environment', {
    name: 'label',
    short: 'l',
    describe: 'set a label on the container',
    docker: 'Config.Labels',
    read: readLabel,
    apply: (request, labels) => ({ ...request, labels: { ...request.labels, ...labelsOf(labels) } }),
  }),
  createList('environment', {
    name: 'annotation',
    kind: 'map',
    describe: 'add an annotation (passed on in the runtime config)',
    docker: 'HostConfig.Annotations',
    read: readKeyValue('annotation'),
    apply: (request, pairs) => ({ ...request, annotations: { ...request.annotations, ...Object.fromEntries(pairs) } }),
  }),
];
