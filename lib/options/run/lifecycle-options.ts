// SPDX-License-Identifier: Apache-2.0
// Options of run and create: name, image choice, end of life, log.

import { createBoolean, createList, createString, createValue, type CreateOption } from '../create-option.js';
import { readKeyValue } from '../parse/key-value.js';
import { readSignal, readTimeout } from '../parse/limits.js';
import { readLogDriver, withLogOptions } from '../parse/log.js';
import { readPull } from '../parse/pull.js';
import { readRestart } from '../parse/restart.js';

export const lifecycleOptions: readonly CreateOption[] = [
  createString('lifecycle', {
    name: 'name',
    describe: 'name of the container',
    docker: 'name',
    apply: (request, name) => (name === '' ? request : { ...request, name }),
  }),
  createBoolean('lifecycle', {
    name: 'rm',
    describe: 'remove the container when it exits',
    docker: 'HostConfig.AutoRemove',
    apply: (request, autoRemove) => ({ ...request, autoRemove }),
  }),
  createValue('lifecycle', {
    name: 'restart',
    kind: 'string',
    describe: 'restart when it ends: no, on-failure[:max-retries], always, unless-stopped',
    defaultText: 'no',
    docker: 'HostConfig.RestartPolicy',
    read: readRestart,
    apply: (request, restart) => (restart === undefined ? request : { ...request, restart }),
  }),
  createString('lifecycle', {
    name: 'platform',
    describe: 'platform of the image (os/arch[/variant])',
    apply: (request, platform) => (platform === '' ? request : { ...request, platform }),
  }),
  createValue('lifecycle', {
    name: 'pull',
    kind: 'string',
    describe: 'pull the image before creating: always, missing or never',
    defaultText: 'missing',
    read: readPull,
    apply: (request, pull) => ({ ...request, pull }),
  }),
  createValue('lifecycle', {
    name: 'stop-signal',
    kind: 'string',
    describe: 'signal that stops the container',
    docker: 'Config.StopSignal',
    read: readSignal,
    apply: (request, stopSignal) => ({ ...request, stopSignal }),
  }),
  createValue('lifecycle', {
    name: 'stop-timeout',
    kind: 'int',
    describe: 'seconds to wait before killing a container that is stopped',
    defaultText: '10',
    docker: 'Config.StopTimeout',
    read: readTimeout,
    apply: (request, stopTimeoutSeconds) => ({ ...request, stopTimeoutSeconds }),
  }),
  createValue('logging', {
    name: 'log-driver',
    kind: 'string',
    describe: 'log driver: json-file or none',
    defaultText: 'json-file',
    docker: 'HostConfig.LogConfig.Type',
    read: readLogDriver,
    apply: (request, driver) => ({ ...request, log: { ...request.log, driver } }),
  }),
  createList('logging', {
    name: 'log-opt',
    kind: 'list',
    describe: 'option of the log driver: max-size, max-file',
    docker: 'HostConfig.LogConfig.Config',
    read: readKeyValue('log option'),
    apply: (request, pairs) => ({ ...request, log: withLogOptions(request.log, pairs) }),
  }),
];
