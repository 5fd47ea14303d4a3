// SPDX-License-Identifier: Apache-2.0
// Options of run and create: rights and limits.

import { createBoolean, createList, createTexts, createValue, type CreateOption } from '../create-option.js';
import { readSysctl } from '../parse/key-value.js';
import { readOomScore, readUlimit } from '../parse/limits.js';

export const limitOptions: readonly CreateOption[] = [
  createTexts('security', {
    name: 'cap-add',
    describe: 'add a capability (ALL for all of them)',
    docker: 'HostConfig.CapAdd',
    apply: (request, capAdd) => ({ ...request, capAdd }),
  }),
  createTexts('security', {
    name: 'cap-drop',
    describe: 'drop a capability (ALL for all of them)',
    docker: 'HostConfig.CapDrop',
    apply: (request, capDrop) => ({ ...request, capDrop }),
  }),
  createBoolean('security', {
    name: 'privileged',
    describe: 'all capabilities, nothing masked: as far as a user namespace goes',
    docker: 'HostConfig.Privileged',
    apply: (request, privileged) => ({ ...request, privileged }),
  }),
  createTexts('security', {
    name: 'security-opt',
    describe: 'security option, such as no-new-privileges',
    docker: 'HostConfig.SecurityOpt',
    apply: (request, securityOptions) => ({ ...request, securityOptions }),
  }),
  createList('resources', {
    name: 'sysctl',
    kind: 'map',
    describe: 'set a kernel parameter of the namespaces',
    docker: 'HostConfig.Sysctls',
    read: readSysctl,
    apply: (request, pairs) => ({ ...request, sysctls: Object.fromEntries(pairs) }),
  }),
  createList('resources', {
    name: 'ulimit',
    kind: 'ulimit',
    describe: 'resource limit of processes (name=soft[:hard])',
    docker: 'HostConfig.Ulimits',
    read: readUlimit,
    apply: (request, ulimits) => ({ ...request, ulimits }),
  }),
  createValue('resources', {
    name: 'oom-score-adj',
    kind: 'int',
    describe: 'preference of the kernel when memory is short (-1000 to 1000)',
    docker: 'HostConfig.OomScoreAdj',
    read: readOomScore,
    apply: (request, oomScoreAdj) => ({ ...request, oomScoreAdj }),
  }),
];
