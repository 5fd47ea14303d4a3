// SPDX-License-Identifier: Apache-2.0
// sampan inspect: a container of that name, else an image, else a network (docker's order).

import { isSampanError, sampanError } from '../../errors/sampan-error.js';
import type { Engine } from '../../engine/contract.js';
import { booleanOption, InvalidArgument, valueOption } from '../../options/option.js';
import type { Command } from '../command.js';
import type { InspectObject } from '../output/inspect-format.js';
import { inspectObjects } from './inspect-objects.js';
import { inspectFormatOption } from './shared.js';

const objectTypes = ['container', 'image', 'network'] as const;
type ObjectType = (typeof objectTypes)[number];

const readType = (text: string): ObjectType | undefined => {
  if (text === '') return undefined;
  const type = objectTypes.find((one) => one === text);
  if (type !== undefined) return type;
  if (text === 'volume') {
    throw sampanError('ERR_NOT_SUPPORTED', {
      subject: `--type ${text}`,
      hint: 'this version has containers, images and networks',
    });
  }
  throw new InvalidArgument('must be one of "container", "image", "network"');
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
  describe: 'look for this only: container, image or network',
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
  const finders: Readonly<Record<ObjectType, () => Promise<InspectObject>>> = {
    container: () => engine.containers.inspect(name, { size: withSize }),
    image: () => engine.images.inspect(name),
    network: () => engine.networks.inspect(name),
  };
  if (wanted !== undefined) return finders[wanted]();
  for (const type of objectTypes) {
    try {
      return await finders[type]();
    } catch (error) {
      if (!notFound.some((code) => isSampanError(error, code))) throw error;
    }
  }
  throw sampanError('ERR_OBJECT_NOT_FOUND', { subject: name });
};

/** A name that can be no image reference is no image either. */
const notFound = [
  'ERR_CONTAINER_NOT_FOUND',
  'ERR_IMAGE_NOT_FOUND',
  'ERR_INVALID_REFERENCE',
  'ERR_NETWORK_NOT_FOUND',
] as const;
