// SPDX-License-Identifier: Apache-2.0
// sampan run

import { hasErrno, isSampanError, sampanError } from '../../../errors/sampan-error.js';
import type { CreateRequest } from '../../../spec/create-request.js';
import { attachedStreams, runOptions, toCreateRequest } from '../../../options/create-request.js';
import { attach, cidfile, detach, detachKeys, dryRun, quiet, sigProxy } from '../../../options/run/run-options.js';
import type { AttachOptions, CreateOptions, Engine } from '../../../engine/contract.js';
import type { OptionValues } from '../../../options/scan.js';
import { openCidFile, type CidFile } from '../../cid-file.js';
import type { Command, CommandInput } from '../../command.js';
import { withEngine, type Host } from '../../host.js';
import { runInForeground, sessionExitCode } from '../../session.js';
import { detachKeysOf, printWarnings, requireTerminal, startOptions } from '../shared.js';
import { printPlan } from './create-shared.js';
import { withImagePull } from './image-pull.js';

export const command: Command = {
  usage: 'IMAGE [COMMAND] [ARG...]',
  options: runOptions,
  minimumArgs: 1,
  flagsEndAtArgument: true,
  failsWith125: true,
  run: async (input) => {
    const { values, host } = input;
    const detached = values.get(detach) === true;
    if (detached && (values.get(attach) ?? []).length > 0) {
      throw sampanError('ERR_ARGUMENTS', { subject: 'conflicting options: cannot specify both --attach and --detach' });
    }
    const request = requestOf(input, detached);
    if (values.get(dryRun) !== undefined) return printPlan(request, host);
    const attached = detached ? undefined : attachOptionsOf(values, request);
    if (attached !== undefined) requireTerminal(host, { tty: request.tty, stdin: attached.stdin });
    using file = openCidFile(values.get(cidfile));
    return await withImagePull(host, values.get(quiet) === true, (pull, settle) => {
      const run: RunInput = { request, host, file, values, pull, settle };
      return withEngine(host, (engine) =>
        attached === undefined ? runDetached(engine, run) : runAttached(engine, run, attached),
      );
    });
  },
};

interface RunInput {
  readonly request: CreateRequest;
  readonly host: Host;
  readonly file: CidFile;
  readonly values: OptionValues;
  readonly pull: NonNullable<CreateOptions['pull']>;
  /** the pull is over: signals belong to the container, stderr to what is said next */
  readonly settle: () => Promise<void>;
}

const requestOf = ({ values, args, host }: CommandInput, detached: boolean): CreateRequest => {
  const [image = '', ...command] = args;
  return toCreateRequest({ values, image, command, caller: host.caller, detached });
};

const attachOptionsOf = (values: OptionValues, request: CreateRequest): AttachOptions => {
  const streams = attachedStreams(values, request.openStdin);
  return {
    stdin: streams.includes('stdin') && request.openStdin,
    stdout: streams.includes('stdout'),
    stderr: streams.includes('stderr'),
    detachKeys: detachKeysOf(values.get(detachKeys), request.tty),
  };
};

const runDetached = async (engine: Engine, input: RunInput): Promise<number> => {
  const { request, host } = input;
  let created: string | undefined;
  try {
    await engine.containers.run(request, {
      pull: input.pull,
      onCreated: async (id, warnings) => {
        created = id;
        await reportCreated(input, id, warnings);
      },
    });
  } finally {
    // Also when the start failed: the container is there, and this is its name (docker does the same).
    if (created !== undefined) await host.stdout.write(`${created}\n`);
  }
  return 0;
};

const runAttached = async (engine: Engine, input: RunInput, attached: AttachOptions): Promise<number> => {
  const { request, host, values } = input;
  const { id, session } = await engine.containers.run(request, {
    ...startOptions(host, attached, request.tty),
    pull: input.pull,
    onCreated: (id, warnings) => reportCreated(input, id, warnings),
  });
  if (session === undefined) return 0;
  const proxy = values.get(sigProxy) !== false;
  const foreground = runInForeground(session, { host, system: engine.system, stdin: attached.stdin, sigProxy: proxy });
  const end = await foreground.catch(async (error: unknown) => {
    if (request.autoRemove && hasErrno(error, 'EPIPE')) await endUnread(engine, id);
    throw error;
  });
  return sessionExitCode(end, host);
};

/**
 * `run --rm IMAGE yes | head`: a plain command would die of SIGPIPE here. The container would write its log until the
 * disk is full, and nobody would ever look at it again. (docs/decisions/0007)
 */
const endUnread = async (engine: Engine, id: string): Promise<void> => {
  try {
    await engine.containers.kill(id, { signal: 'KILL' });
  } catch (error) {
    if (!isSampanError(error, 'ERR_CONTAINER_NOT_RUNNING') && !isSampanError(error, 'ERR_CONTAINER_NOT_FOUND'))
      throw error;
  }
};

const reportCreated = async (
  { host, file, values, settle }: RunInput,
  id: string,
  warnings: readonly string[],
): Promise<void> => {
  await settle();
  file.write(id);
  if (values.get(quiet) !== true) await printWarnings(host, warnings);
};
