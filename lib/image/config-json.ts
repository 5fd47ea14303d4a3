// SPDX-License-Identifier: Apache-2.0
// From our words back to the JSON that docker and the OCI specification write: for new configs and for inspect.

import type { ContainerDefaults, Healthcheck } from './config.js';

/** The `config` object of a new image config: what is not set is left out, as Go's omitempty does. */
export const defaultsToJson = (defaults: ContainerDefaults): Readonly<Record<string, unknown>> => ({
  ...(defaults.user === '' ? {} : { User: defaults.user }),
  ...(defaults.exposedPorts.length === 0 ? {} : { ExposedPorts: toSet(defaults.exposedPorts) }),
  ...(defaults.env.length === 0 ? {} : { Env: defaults.env }),
  ...(defaults.entrypoint === undefined ? {} : { Entrypoint: defaults.entrypoint }),
  ...(defaults.command === undefined ? {} : { Cmd: defaults.command }),
  ...(defaults.healthcheck === undefined ? {} : { Healthcheck: healthcheckToJson(defaults.healthcheck) }),
  ...(defaults.volumes.length === 0 ? {} : { Volumes: toSet(defaults.volumes) }),
  ...(defaults.workingDir === '' ? {} : { WorkingDir: defaults.workingDir }),
  ...(Object.keys(defaults.labels).length === 0 ? {} : { Labels: defaults.labels }),
  ...(defaults.onBuild.length === 0 ? {} : { OnBuild: defaults.onBuild }),
  ...(defaults.stopSignal === undefined ? {} : { StopSignal: defaults.stopSignal }),
  ...(defaults.shell === undefined ? {} : { Shell: defaults.shell }),
});

export const healthcheckToJson = (healthcheck: Healthcheck): Readonly<Record<string, unknown>> => ({
  Test: healthcheck.test,
  ...(healthcheck.interval === undefined ? {} : { Interval: healthcheck.interval }),
  ...(healthcheck.timeout === undefined ? {} : { Timeout: healthcheck.timeout }),
  ...(healthcheck.startPeriod === undefined ? {} : { StartPeriod: healthcheck.startPeriod }),
  ...(healthcheck.startInterval === undefined ? {} : { StartInterval: healthcheck.startInterval }),
  ...(healthcheck.retries === undefined ? {} : { Retries: healthcheck.retries }),
});

export const toSet = (keys: readonly string[]): Readonly<Record<string, object>> =>
  Object.fromEntries(keys.map((key) => [key, {}]));
