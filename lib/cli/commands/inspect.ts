// SPDX-License-Identifier: Apache-2.0
// sampan inspect: a container of that name, else an image.

import { isSampanError, sampanError } from '../../errors/sampan-error.js';
import type { Engine } from '../../engine/contract.js';
import { booleanOption, InvalidArgument, valueOption } from '../../options/option.js';
import type { Command } from '../command.js';
import type { InspectObject } from '../output/inspect-format.js';
import { inspectObjects } from './inspect-objects.js';
import { inspectFormatOption } from './shared.js';

type ObjectType = 'container' | 'image';

const readType = (text: string): ObjectType | undefined => {
  if (text === '') return undefined;
  if (text === 'container' || text === 'image') return text;
  if (['network', 'volume'].includes(text)) {
    throw sampanError('ERR_NOT_SUPPORTED', {
      subject: `--type ${text}`,
      hint: 'this version has containers and images',
    });
  }
  throw new InvalidArgument('must be one of "container", "image"');
};

const size = booleanOption({
  name: 'size',
  short: 's',
  group: 'general',
  describe: 'with the sizes of the file system, for containers',
});
const type = valueOption({
  name: 'type',
  kind: 'string',
  group: 'general',
  describe: 'look for this only: container or image',
  read: readType,
});

export const command: Command = {
  usage: 'NAME|ID [NAME|ID...]',
  options: [inspectFormatOption, size, type],
  minimumArgs: 1,
  run: ({ values, args, host }) =>
    inspectObjects({
      names: args,
      format: values.get(inspectFormatOption),
      host,
      find: (engine, name) => find(engine, name, { type: values.get(type), size: values.get(size) === true }),
    }),
};

const find = async (
  engine: Engine,
  name: string,
  { type: wanted, size: withSize }: { readonly type: ObjectType | undefined; readonly size: boolean },
): Promise<InspectObject> => {
  if (wanted === 'container') return engine.containers.inspect(name, { size: withSize });
  if (wanted === 'image') return engine.images.inspect(name);
  try {
    return await engine.containers.inspect(name, { size: withSize });
  } catch (error) {
    if (!isSampanError(error, 'ERR_CONTAINER_NOT_FOUND')) throw error;
  }
  try {
    return await engine.images.inspect(name);
  } catch (error) {
    // A name that can be no image reference is no object either.
    if (!isSampanError(error, 'ERR_IMAGE_NOT_FOUND') && !isSampanError(error, 'ERR_INVALID_REFERENCE')) throw error;
    throw sampanError('ERR_OBJECT_NOT_FOUND', { subject: name });
  }
};
