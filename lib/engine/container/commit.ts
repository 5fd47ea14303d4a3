// SPDX-License-Identifier: Apache-2.0
// `commit`: a container's changes become a layer, and what it was asked for the defaults of a new image.

import { sampanError } from '../../errors/sampan-error.js';
import type { ContainerDefaults } from '../../image/config.js';
import { streamSlot, streamTask } from '../../runtime/stream-task.js';
import { mergeEnv } from '../../spec/merge.js';
import { readContainerRecord, type ContainerRecord } from '../../store/container-records.js';
import type { CommitRequest, Committed } from '../contract.js';
import type { ContainerContext } from './context.js';
import type { FoundContainer } from './find.js';
import { engineMade } from './engine-made.js';
import { packError, packWarnings } from './pack-report.js';
import { pauseFor } from './pause.js';
import { imageTree } from './tree.js';

const formatLayer = 0;

/** @throws ERR_NOT_SUPPORTED, ERR_PACK, ERR_IMAGE_NOT_FOUND, ERR_INVALID_REFERENCE, ERR_INVALID_VALUE, ERR_NO_SPACE */
export const commitContainer = async (
  context: ContainerContext,
  found: FoundContainer,
  request: CommitRequest,
): Promise<Committed> => {
  const { record } = found;
  const tree = imageTree(context, found, 'an image');
  let counts: Readonly<Record<string, number>> = {};
  const operation = {
    op: 'pack_layer',
    output: streamSlot,
    source: tree.upper,
    ignored: engineMade,
    format: formatLayer,
  } as const;
  const layer = streamTask(
    context.native(),
    { operations: [...tree.operations, operation], descriptors: [], title: `sampan-commit ${record.name}` },
    (result) => {
      counts = result;
    },
  );
  await using pause = await pauseFor(context, found, request.pause);
  const { id } = await context.commitImage({
    container: record.name,
    imageId: record.imageId,
    defaultsOver: (image) => defaultsOver(image, record),
    createdBy: record.process.command.join(' '),
    changes: request.changes,
    ...(request.author === undefined ? {} : { author: request.author }),
    ...(request.message === undefined ? {} : { message: request.message }),
    ...(request.reference === undefined ? {} : { reference: request.reference }),
    layer: readWhole(layer, found),
    isEmpty: () => counts['entries'] === 0,
  });
  return { id, warnings: [...pause.warnings, ...packWarnings(counts)] };
};

/** Half of a container that is being removed would look like the whole of another. */
async function* readWhole(
  layer: AsyncIterable<Uint8Array>,
  { files, record: { name } }: FoundContainer,
): AsyncGenerator<Uint8Array> {
  try {
    yield* layer;
  } catch (error) {
    throw packError(error, name);
  }
  if (readContainerRecord(files) === undefined) {
    throw sampanError('ERR_CONTAINER_NOT_FOUND', { subject: name, hint: 'it was removed while it was read' });
  }
}

/** What the user asked for wins; what only this machine gave it (a default PATH, HOSTNAME) stays here. */
const defaultsOver = (image: ContainerDefaults, { process, request }: ContainerRecord): ContainerDefaults => {
  const { entrypoint: _entrypoint, command: _command, ...rest } = image;
  const stopSignal = request.stopSignal ?? image.stopSignal;
  const exposed = request.exposedPorts.map(({ port, protocol }) => `${String(port)}/${protocol}`);
  return {
    ...rest,
    ...(process.entrypoint.length === 0 ? {} : { entrypoint: process.entrypoint }),
    ...(process.command.length === 0 ? {} : { command: process.command }),
    env: mergeEnv(image.env, request.env),
    workingDir: request.workingDir ?? image.workingDir,
    user: process.user,
    labels: process.labels,
    exposedPorts: [...new Set([...image.exposedPorts, ...exposed])],
    ...(stopSignal === undefined ? {} : { stopSignal }),
  };
};
