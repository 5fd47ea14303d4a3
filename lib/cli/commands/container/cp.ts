// SPDX-License-Identifier: Apache-2.0
// sampan cp

import { resolve } from 'node:path';
import { sampanError } from '../../../errors/sampan-error.js';
import type { FileCopyReport, Engine } from '../../../engine/contract.js';
import { booleanOption } from '../../../options/option.js';
import { formatBytes } from '../../../util/bytes.js';
import type { Command } from '../../command.js';
import { withEngine, type Host } from '../../host.js';
import { checkOutput, writeOutput } from '../../output-file.js';

const archive = booleanOption({
  name: 'archive',
  short: 'a',
  group: 'general',
  describe: 'keep the numbers of owner and group, instead of root',
});
const followLink = booleanOption({
  name: 'follow-link',
  short: 'L',
  group: 'general',
  describe: 'copy what a symlink at the source leads to',
});
const quiet = booleanOption({ name: 'quiet', short: 'q', group: 'general', describe: 'do not say what was copied' });

export const command: Command = {
  usage: 'CONTAINER:PATH FILE|- , or FILE|- CONTAINER:PATH',
  options: [archive, followLink, quiet],
  minimumArgs: 2,
  maximumArgs: 2,
  run: async ({ values, args: [from = '', to = ''], host }) => {
    const options = { followLink: values.get(followLink) === true, keepOwner: values.get(archive) === true };
    const ends = { source: parseEnd(from, host), target: parseEnd(to, host) };
    if (ends.source.container === '' || ends.target.container === '') throw noPath(from, to);
    if (ends.target.path === '-' && ends.source.container !== undefined) checkOutput(host, undefined);
    const isLoud = values.get(quiet) === undefined ? host.stderr.isTerminal : values.get(quiet) === false;
    return withEngine(host, async (engine) => {
      const report = await copy(engine, host, { ...ends, ...options });
      for (const warning of report.warnings) await host.stderr.write(`WARNING: ${warning}\n`);
      if (isLoud && to !== '-')
        await host.stderr.write(`Successfully copied ${formatBytes(report.bytes, 3)} to ${to}\n`);
      return report.exitCode ?? 0;
    });
  },
};

/** One of the two sides. */
interface End {
  /** undefined: the machine */
  readonly container?: string;
  readonly path: string;
}

/** docker's rule: what begins with a dot or slash, or has no colon, is a path of the machine. */
const parseEnd = (text: string, host: Host): End => {
  const colon = text.indexOf(':');
  if (text === '-') return { path: text };
  if (colon < 0 || text.startsWith('/') || text.startsWith('.')) return { path: onHost(text, host) };
  const path = text.slice(colon + 1);
  return { container: path === '' ? '' : text.slice(0, colon), path: path.startsWith('/') ? path : `/${path}` };
};

/** Absolute; what `/` and `/.` at the end mean is kept. */
const onHost = (text: string, host: Host): string => {
  const end = /(?:^|\/)\.?$/.exec(text)?.[0] ?? '';
  const whole = resolve(host.caller.cwd, text);
  return end === '' || whole === '/' ? whole : `${whole}${end.startsWith('/') ? end : `/${end}`}`;
};

interface CopyInput {
  readonly source: End;
  readonly target: End;
  readonly followLink: boolean;
  readonly keepOwner: boolean;
}

const copy = async (
  engine: Engine,
  host: Host,
  { source, target, followLink: follow, keepOwner }: CopyInput,
): Promise<FileCopyReport & { readonly exitCode?: number }> => {
  const { containers } = engine;
  if (source.container !== undefined && target.container === undefined) {
    const { path } = source;
    if (target.path !== '-')
      return containers.copyOut(source.container, { path, target: target.path, followLink: follow });
    const stream = await containers.readArchive(source.container, { path, followLink: follow });
    const exitCode = await writeOutput(host, undefined, stream);
    return { bytes: 0, warnings: stream.warnings(), exitCode };
  }
  if (source.container === undefined && target.container !== undefined) {
    const { path } = target;
    if (source.path !== '-')
      return containers.copyIn(target.container, { source: source.path, path, followLink: follow, keepOwner });
    using stdin = host.terminal.readStdin();
    return await containers.writeArchive(target.container, { source: stdin.stream, path });
  }
  throw sampanError('ERR_ARGUMENTS', {
    subject:
      source.container === undefined ? 'neither side is a container' : 'files are not copied between two containers',
    hint: 'one of the two is CONTAINER:PATH, the other a path of the machine or -',
  });
};

const noPath = (from: string, to: string): Error =>
  sampanError('ERR_ARGUMENTS', {
    subject: `${from} ${to}: there is a container without a path`,
    hint: 'write CONTAINER:/',
  });
