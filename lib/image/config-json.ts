// SPDX-License-Identifier: Apache-2.0
// From our words back to the JSON that docker and the OCI specification write: for new configs and for inspect.

import type { Healthcheck } from '../util/healthcheck.js';
import type { ContainerDefaults, HistoryEntry } from './config.js';

/** The `config` object of a new image config: what is not set is left out, as Go's omitempty does. */
export const defaultsToJson = (defaults: ContainerDefaults): Readonly<Record<string, unknown>> =>
  withoutEmpty({
    User: defaults.user,
    ExposedPorts: toSet(defaults.exposedPorts),
    Env: defaults.env,
    Entrypoint: defaults.entrypoint,
    Cmd: defaults.command,
    Healthcheck: defaults.healthcheck === undefined ? undefined : healthcheckToJson(defaults.healthcheck),
    Volumes: toSet(defaults.volumes),
    WorkingDir: defaults.workingDir,
    Labels: defaults.labels,
    OnBuild: defaults.onBuild,
    StopSignal: defaults.stopSignal,
    Shell: defaults.shell,
  });

export const healthcheckToJson = (healthcheck: Healthcheck): Readonly<Record<string, unknown>> =>
  withoutEmpty({
    Test: healthcheck.test,
    Interval: healthcheck.interval,
    Timeout: healthcheck.timeout,
    StartPeriod: healthcheck.startPeriod,
    StartInterval: healthcheck.startInterval,
    Retries: healthcheck.retries,
  });

/** An entry of `history` in a new image config. */
export const historyToJson = (entry: HistoryEntry): Readonly<Record<string, unknown>> => ({
  ...withoutEmpty({
    created: entry.created,
    created_by: entry.createdBy,
    author: entry.author,
    comment: entry.comment,
  }),
  ...(entry.emptyLayer ? { empty_layer: true } : {}),
});

export const toSet = (keys: readonly string[]): Readonly<Record<string, object>> =>
  Object.fromEntries(keys.map((key) => [key, {}]));

const withoutEmpty = (
  fields: Readonly<Record<string, string | number | object | undefined>>,
): Readonly<Record<string, unknown>> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => !isEmpty(value)));

const isEmpty = (value: string | number | object | undefined): boolean =>
  value === undefined || value === '' || value === 0 || (typeof value === 'object' && Object.keys(value).length === 0);
