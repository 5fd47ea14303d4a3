// SPDX-License-Identifier: Apache-2.0
// Logs: docker's json-file, complete under load, followed, cut by number and time, rotated.

import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { poll } from '../support/poll.js';
import { requires } from '../support/requires.js';
import { image, ok, sandbox, startPiped, tool, toResult, uniqueName } from '../support/tool.js';

const container = requires('userns', 'mount-in-userns', 'overlay-in-userns', 'busybox');
const lineLength = 100;

const finished = async (options: readonly string[], ...command: readonly string[]): Promise<string> => {
  const id = await ok(['run', '-d', ...options, await image(), ...command]);
  await ok(['wait', id]);
  return id;
};

describe('logs', () => {
  container.test('keep stdout and stderr apart', async () => {
    const id = await finished([], 'sh', '-c', 'echo out; echo err >&2');
    expect(await tool(['logs', id])).toMatchObject({ exitCode: 0, stdout: 'out\n', stderr: 'err\n' });
    await ok(['rm', id]);
  });

  container.test('are docker’s json-file: one JSON object per line with log, stream and time', async () => {
    const id = await finished([], 'sh', '-c', 'printf "a \\"quoted\\" \\t tab\\nno newline at the end"');
    const path = await ok(['inspect', '--format', '{{.LogPath}}', id]);
    const entries = readFileSync(path, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, string>);
    expect(entries.map(({ log, stream }) => ({ log, stream }))).toEqual([
      { log: 'a "quoted" \t tab\n', stream: 'stdout' },
      { log: 'no newline at the end', stream: 'stdout' },
    ]);
    for (const { time } of entries) expect(time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,9}Z$/);
    await ok(['rm', id]);
  });

  container.test('bytes that are no UTF-8 do not break the file', async () => {
    const id = await finished([], 'printf', 'a\\377b\\001\\n');
    const path = await ok(['inspect', '--format', '{{.LogPath}}', id]);
    expect(() => JSON.parse(readFileSync(path, 'utf8').trim()) as unknown).not.toThrow();
    expect((await tool(['logs', id])).stdout).toMatch(/^a.b\u0001\n$/u);
    await ok(['rm', id]);
  });

  container.test(
    '100 MB of fast output are complete and in order, while a reader follows',
    async () => {
      const lines = 1_000_000;
      const id = await ok(['run', '-d', await image(), '/bin/report', 'lines', String(lines)]);
      const followed = toResult(await startPiped(['logs', '-f', id], { timeoutMs: 150_000 }));
      expect(followed.stdoutBytes.length).toBe(lines * lineLength);
      expectNumbered(followed.stdoutBytes, lines);
      const again = toResult(await startPiped(['logs', id], { timeoutMs: 150_000 }));
      expect(again.stdoutBytes.equals(followed.stdoutBytes)).toBe(true);
      await ok(['rm', id]);
    },
    180_000,
  );

  container.test('a foreground run of 20 MB arrives complete and is logged complete', async () => {
    const lines = 200_000;
    const name = uniqueName();
    const result = await tool([
      'run',
      '--name',
      name,
      '--network',
      'none',
      await image(),
      '/bin/report',
      'lines-both',
      String(lines),
    ]);
    expect(result.stdoutBytes.length + result.stderrBytes.length).toBe(lines * lineLength);
    const logged = await tool(['logs', name]);
    expect(logged.stdoutBytes.equals(result.stdoutBytes)).toBe(true);
    expect(logged.stderrBytes.equals(result.stderrBytes)).toBe(true);
    await ok(['rm', name]);
  });

  container.test('--tail gives the last lines, 0 none, all everything', async () => {
    const id = await finished([], 'seq', '1', '50');
    expect(await ok(['logs', '--tail', '3', id])).toBe('48\n49\n50');
    expect(await ok(['logs', '-n', '1', id])).toBe('50');
    expect(await ok(['logs', '--tail', '0', id])).toBe('');
    expect((await ok(['logs', '--tail', 'all', id])).split('\n')).toHaveLength(50);
    expect((await ok(['logs', '--tail', '1000', id])).split('\n')).toHaveLength(50);
    await ok(['rm', id]);
  });

  container.test('-t puts the time before each line', async () => {
    const id = await finished([], 'echo', 'hello');
    expect(await ok(['logs', '-t', id])).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z hello$/);
    await ok(['rm', id]);
  });

  container.test('--since and --until cut by time', async () => {
    const id = await finished([], 'sh', '-c', 'echo early; sleep 2; echo late');
    const stamps = (await ok(['logs', '-t', id])).split('\n').map((line) => line.split(' ')[0] ?? '');
    const middle = new Date((Date.parse(stamps[0] ?? '') + Date.parse(stamps[1] ?? '')) / 2);
    expect(await ok(['logs', '--since', middle.toISOString(), id])).toBe('late');
    expect(await ok(['logs', '--until', middle.toISOString(), id])).toBe('early');
    expect(await ok(['logs', '--since', String(middle.getTime() / 1000), id])).toBe('late');
    expect(await ok(['logs', '--since', '1h', id])).toBe('early\nlate');
    expect(await ok(['logs', '--until', '1h', id])).toBe('');
    await ok(['rm', id]);
  });

  container.test('-f shows what comes and ends with the container', async () => {
    const name = uniqueName();
    await ok([
      'run',
      '-d',
      '-i',
      '--name',
      name,
      await image(),
      'sh',
      '-c',
      'echo first; until test -e /go; do sleep 0.1; done; echo second; sleep 1; echo third',
    ]);
    const follower = startPiped(['logs', '-f', name]);
    let seen = '';
    follower.stdout.on('data', (chunk: Buffer) => (seen += chunk.toString()));
    await poll(() => seen.includes('first'));
    expect(seen).toBe('first\n');
    await ok(['exec', name, 'touch', '/go']);
    expect(toResult(await follower)).toMatchObject({ exitCode: 0, stdout: 'first\nsecond\nthird\n' });
    await ok(['rm', name]);
  });

  container.test('rotate by size and number, and keep the newest', async () => {
    const id = await finished(
      ['--log-opt', 'max-size=100k', '--log-opt', 'max-file=3'],
      '/bin/report',
      'lines',
      '10000',
    );
    const directory = join(sandbox().dataRoot, 'containers', id);
    const files = readdirSync(directory).filter((name) => name.includes('-json.log'));
    expect(files.sort()).toEqual([`${id}-json.log`, `${id}-json.log.1`, `${id}-json.log.2`]);
    for (const name of files) expect(statSync(join(directory, name)).size).toBeLessThan(110_000);
    const lines = (await ok(['logs', id])).split('\n');
    expect(lines.at(-1)).toMatch(/^0000009999 /);
    const first = Number(lines[0]?.slice(0, 10));
    expect(lines.map((line) => Number(line.slice(0, 10)))).toEqual(
      Array.from({ length: 10_000 - first }, (_, index) => first + index),
    );
    await ok(['rm', id]);
  });

  container.test('-f survives rotation', async () => {
    const id = await ok([
      'run',
      '-d',
      '--log-opt',
      'max-size=20k',
      '--log-opt',
      'max-file=20',
      await image(),
      'sh',
      '-c',
      'for i in $(seq 1 20); do /bin/report lines 100; sleep 0.05; done',
    ]);
    const { stdout } = toResult(await startPiped(['logs', '-f', id]));
    expect(stdout.split('\n').length - 1).toBe(2000);
    await ok(['rm', id]);
  });

  container.test('--log-driver none keeps nothing and says so', async () => {
    const id = await finished(['--log-driver', 'none'], 'echo', 'x');
    const result = await tool(['logs', id]);
    expect(result.exitCode).toBe(1);
    expect(result.stderr).toMatch(/log/);
    await ok(['rm', id]);
  });

  container.test('a second start appends to the log', async () => {
    const name = uniqueName();
    await ok(['create', '--name', name, await image(), 'echo', 'again']);
    await ok(['start', '-a', name]);
    await ok(['start', '-a', name]);
    await poll(async () => (await ok(['logs', name])) === 'again\nagain');
    await ok(['rm', name]);
  });
});

function expectNumbered(bytes: Buffer, lines: number): void {
  for (let line = 0; line < lines; line++) {
    if (Number(bytes.toString('latin1', line * lineLength, line * lineLength + 10)) !== line)
      throw new Error(
        `line ${String(line)} is wrong: ${bytes.toString('latin1', line * lineLength, (line + 1) * lineLength)}`,
      );
  }
}
