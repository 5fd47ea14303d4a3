// SPDX-License-Identifier: Apache-2.0
// From the values of the options of run and create to the request that the engine takes.

import { sampanError } from '../errors/sampan-error.js';
import type { CreateRequest } from '../spec/create-request.js';
import type { Caller } from './caller.js';
import type { CreateOption } from './create-option.js';
import { byName, type Option } from './option.js';
import { defaultShmSizeBytes } from './parse/limits.js';
import { fileOptions } from './run/file-options.js';
import { healthOptions } from './run/health-options.js';
import { lifecycleOptions } from './run/lifecycle-options.js';
import { limitOptions } from './run/limit-options.js';
import { networkOptions } from './run/network-options.js';
import { portOptions } from './run/port-options.js';
import { processOptions } from './run/process-options.js';
import { attach, runOnlyOptions, sharedRunOptions, type AttachedStream } from './run/run-options.js';
import { unsupportedOptions } from './run/unsupported-options.js';
import type { OptionValues } from './scan.js';

/** In the order in which they are applied. */
const createOptionTable: readonly CreateOption[] = [
  ...processOptions,
  ...fileOptions,
  ...networkOptions,
  ...portOptions,
  ...limitOptions,
  ...lifecycleOptions,
  ...healthOptions,
];

const requestOptions: readonly Option[] = createOptionTable.map(({ option }) => option);

export const createOptions: readonly Option[] = [...requestOptions, ...sharedRunOptions, ...unsupportedOptions].sort(
  byName,
);
export const runOptions: readonly Option[] = [...createOptions, ...runOnlyOptions].sort(byName);

export interface CreateInput {
  readonly values: OptionValues;
  readonly image: string;
  readonly command: readonly string[];
  readonly caller: Caller;
  /** run -d: nothing is attached, so that stdin does not end with a client */
  readonly detached: boolean;
}

export const toCreateRequest = ({ values, image, command, caller, detached }: CreateInput): CreateRequest => {
  const request = createOptionTable.reduce(
    (soFar, { option, apply }) => (values.has(option) ? apply(soFar, values.get(option), caller) : soFar),
    emptyRequest(image, command),
  );
  if (request.autoRemove && request.restart !== undefined) {
    throw sampanError('ERR_USAGE', { subject: 'conflicting options: cannot specify both --restart and --rm' });
  }
  const stdinOnce = !detached && request.openStdin && attachedStreams(values, request.openStdin).includes('stdin');
  return Object.freeze({ ...request, stdinOnce });
};

/** -a as given; without it stdout and stderr, and stdin with -i */
export const attachedStreams = (values: OptionValues, interactive: boolean): readonly AttachedStream[] =>
  values.get(attach) ?? ['stdout', 'stderr', ...(interactive ? (['stdin'] as const) : [])];

const emptyRequest = (image: string, command: readonly string[]): CreateRequest => ({
  image,
  command,
  pull: 'missing',
  env: [],
  groupAdd: [],
  labels: {},
  annotations: {},
  mounts: [],
  readOnlyRootfs: false,
  exposedPorts: [],
  publish: [],
  publishAll: false,
  networks: [],
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
  shmSizeBytes: defaultShmSizeBytes,
  ulimits: [],
  sysctls: {},
  log: { driver: 'json-file', maxSizeBytes: 0, maxFiles: 1 },
});
