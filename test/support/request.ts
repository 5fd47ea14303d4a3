// SPDX-License-Identifier: Apache-2.0
// A create request with nothing asked for, to vary in tests: what the options make of an empty command line
// (test/unit/options/create-request.test.ts).

import type { CreateRequest } from '../../lib/spec/create-request.js';

export const plainRequest: CreateRequest = {
  image: 'busybox',
  pull: 'missing',
  command: [],
  env: [],
  groupAdd: [],
  labels: {},
  annotations: {},
  mounts: [],
  networks: [],
  readOnlyRootfs: false,
  exposedPorts: [],
  publish: [],
  publishAll: false,
  addedHosts: [],
  dns: [],
  dnsSearch: [],
  dnsOptions: [],
  init: false,
  tty: false,
  openStdin: false,
  stdinOnce: false,
  autoRemove: false,
  privileged: false,
  capAdd: [],
  capDrop: [],
  securityOptions: [],
  shmSizeBytes: 64 * 1024 * 1024,
  ulimits: [],
  sysctls: {},
  log: { driver: 'json-file', maxSizeBytes: 0, maxFiles: 1 },
};
