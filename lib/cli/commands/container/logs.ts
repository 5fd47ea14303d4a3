// SPDX-License-Identifier: Apache-2.0
// sampan logs

import type { LogEntry } from '../../../engine/contract.js';
import { booleanOption, InvalidArgument, stringOption, valueOption } from '../../../options/option.js';
import { sampanError } from '../../../errors/sampan-error.js';
import { parseInstant } from '../../../util/times.js';
import type { Command } from '../../command.js';
import { withEngine, type Host } from '../../host.js';

const readTail = (text: string): number | undefined => {
  if (text === 'all' || /^-\d+$/.test(text)) return undefined;
  if (/^\d+$/.test(text)) return Number(text);
  throw new InvalidArgument("give a number of lines, or 'all'");
};

const follow = booleanOption({ name: 'follow', short: 'f', group: 'general', describe: 'go on with what is written' });
const since = stringOption({
  name: 'since',
  group: 'general',
  describe: 'from this time on (2026-01-02T13:23:37Z), or so long ago (42m)',
});
const until = stringOption({
  name: 'until',
  group: 'general',
  describe: 'up to this time (2026-01-02T13:23:37Z), or so long ago (42m)',
});
const tail = valueOption({
  name: 'tail',
  short: 'n',
  kind: 'string',
  group: 'general',
  describe: 'so many lines of the end',
  defaultText: 'all',
  read: readTail,
});
const timestamps = booleanOption({
  name: 'timestamps',
  short: 't',
  group: 'general',
  describe: 'show the time of each line',
});

export const command: Command = {
  usage: 'CONTAINER',
  options: [follow, since, tail, timestamps, until],
  minimumArgs: 1,
  maximumArgs: 1,
  run: ({ values, args: [container = ''], host }) => {
    const [from, to] = [instantOf('since', values.get(since), host), instantOf('until', values.get(until), host)];
    return withEngine(host, async (engine) => {
      const entries = engine.containers.logs(container, {
        follow: values.get(follow) === true,
        tail: values.get(tail),
        ...(from === undefined ? {} : { since: from }),
        ...(to === undefined ? {} : { until: to }),
      });
      await copyEntries(entries, host, values.get(timestamps) === true);
      return 0;
    });
  },
};

const instantOf = (name: string, text: string | undefined, host: Host): string | undefined => {
  if (text === undefined || text === '') return undefined;
  const instant = parseInstant(text, host.now());
  if (instant !== undefined) return instant;
  throw sampanError('ERR_INVALID_VALUE', {
    subject: `--${name} ${text}`,
    hint: 'give a time such as 2026-01-02T13:23:37Z, a Unix time, or a duration such as 42m or 1h30m',
  });
};

type Stream = LogEntry['stream'];

/** Written in large pieces while there is more to read, at once when there is not; the order of the streams is kept. */
const copyEntries = async (entries: AsyncIterable<LogEntry>, host: Host, timestamps: boolean): Promise<void> => {
  const pieces = new PieceWriter(host);
  const lineOpen: Record<Stream, boolean> = { stdout: false, stderr: false };
  for await (const { stream, time, text } of entries) {
    const stamp = timestamps && !lineOpen[stream] ? `${fixedTime(time)} ` : '';
    lineOpen[stream] = !text.endsWith('\n');
    const full = pieces.add(stream, stamp + text);
    if (full !== undefined) await full;
  }
  await pieces.flush();
};

/** docker shows nanoseconds with all nine digits. */
const fixedTime = (time: string): string =>
  time.replace(
    /(?:\.(\d*))?(Z|[+-]\d\d:\d\d)$/,
    (_, fraction: string | undefined, zone: string) => `.${(fraction ?? '').padEnd(9, '0')}${zone}`,
  );

const pieceSize = 64 * 1024;

class PieceWriter {
  #stream: Stream = 'stdout';
  #texts: string[] = [];
  #size = 0;
  #scheduled: NodeJS.Immediate | undefined;
  #failure: { readonly error: unknown } | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(readonly host: Host) {}

  /** a promise when so much has gathered that the writer has to be waited for */
  add(stream: Stream, text: string): Promise<void> | undefined {
    this.#throwFailure();
    if (stream !== this.#stream) this.#write();
    this.#stream = stream;
    this.#texts.push(text);
    this.#size += text.length;
    if (this.#size >= pieceSize) return this.flush();
    // Runs when the source has nothing more at hand.
    this.#scheduled ??= setImmediate(() => {
      this.#scheduled = undefined;
      this.#write();
    });
    return undefined;
  }

  async flush(): Promise<void> {
    this.#write();
    await this.#writing;
    this.#throwFailure();
  }

  #throwFailure(): void {
    if (this.#failure === undefined) return;
    const { error } = this.#failure;
    throw error;
  }

  #write(): void {
    if (this.#texts.length === 0) return;
    const text = this.#texts.join('');
    this.#texts = [];
    this.#size = 0;
    const output = this.#stream === 'stdout' ? this.host.stdout : this.host.stderr;
    this.#writing = this.#writing
      .then(() => output.write(text))
      .catch((error: unknown) => {
        this.#failure ??= { error };
      });
  }
}
