// SPDX-License-Identifier: Apache-2.0
// What port add and port rm have in common: -p.

import { sampanError } from '../../../errors/sampan-error.js';
import { listOption, type Option } from '../../../options/option.js';
import { readPublish } from '../../../options/parse/ports.js';
import type { PublishRequest } from '../../../spec/ports.js';
import type { CommandInput } from '../../command.js';

export const publishOption = (describe: string): Option<readonly (readonly PublishRequest[])[]> =>
  listOption({ name: 'publish', short: 'p', group: 'network', describe, read: readPublish });

/** @throws ERR_ARGUMENTS without one */
export const wantedPorts = (
  { values, name }: Pick<CommandInput, 'values' | 'name'>,
  option: ReturnType<typeof publishOption>,
): readonly PublishRequest[] => {
  const ports = (values.get(option) ?? []).flat();
  if (ports.length > 0) return ports;
  throw sampanError('ERR_ARGUMENTS', { subject: `'${name}' requires -p`, hint: `see '${name} --help'` });
};
