// SPDX-License-Identifier: Apache-2.0
// Options of run and create: ports.

import { createBoolean, createList, type CreateOption } from '../create-option.js';
import { readExpose, readPublish } from '../parse/ports.js';

export const portOptions: readonly CreateOption[] = [
  createList('network', {
    name: 'publish',
    short: 'p',
    describe: 'publish a port on the host ([address:][host port:]container port[/udp], ranges too)',
    docker: 'HostConfig.PortBindings',
    read: readPublish,
    apply: (request, publish) => ({ ...request, publish: publish.flat() }),
  }),
  createBoolean('network', {
    name: 'publish-all',
    short: 'P',
    describe: 'publish every exposed port at a free port of the host',
    docker: 'HostConfig.PublishAllPorts',
    apply: (request, publishAll) => ({ ...request, publishAll }),
  }),
  createList('network', {
    name: 'expose',
    describe: 'say that the container listens on this port (port[-port][/udp])',
    docker: 'Config.ExposedPorts',
    read: readExpose,
    apply: (request, exposed) => ({ ...request, exposedPorts: exposed.flat() }),
  }),
];
