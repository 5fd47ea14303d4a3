// SPDX-License-Identifier: Apache-2.0
// The first command of the README, and what comes back from `run`: exit codes, streams, input.

import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { poll } from '../support/poll.js';
import { requires } from '../support/requires.js';
import { image, ok, sandbox, startPiped, startTool, stateOf, tool, toResult, uniqueName } from '../support/tool.js';

const container = requires('userns', 'mount-in-userns', 'overlay-in-userns', 'busybox');

container.test('the first run of all says nothing of its own', async () => {
  const first = await tool(['run', '--rm', 'host', 'true']);
  expect(first).toMatchObject({ exitCode: 0, stdout: '', stderr: '' });
});

describe('the built-in image host', () => {
  container.test('runs the machine’s own programs as root with own pids and host name', async () => {
    const result = await tool(['run', '--rm', 'host', 'sh', '-c', 'id -u; hostname; echo $$; ls /']);
    expect(result).toMatchObject({ exitCode: 0 });
    const [uid, hostname, pid, ...entries] = result.stdout.trim().split('\n');
    expect({ uid, pid }).toEqual({ uid: '0', pid: '1' });
    expect(hostname).toMatch(/^[0-9a-f]{12}$/);
    expect(entries).toEqual(expect.arrayContaining(['bin', 'dev', 'etc', 'proc', 'sys', 'tmp', 'usr']));
    expect(entries).not.toContain('work');
  });

  container.test('takes new files in /etc, /usr and /opt without changing the machine', async () => {
    const name = uniqueName('marker');
    const paths = ['/etc', '/usr', '/opt'].map((directory) => `${directory}/${name}`);
    const result = await tool([
      'run',
      '--rm',
      'host',
      'sh',
      '-c',
      'for path; do echo new > "$path" && cat "$path"; done',
      'sh',
      ...paths,
    ]);
    expect(result).toMatchObject({ exitCode: 0, stdout: 'new\n'.repeat(paths.length) });
    expect(paths.filter((path) => existsSync(path))).toEqual([]);
  });

  container.test('lets root inside write no file of the machine', async () => {
    const result = await tool([
      'run',
      '--rm',
      'host',
      'sh',
      '-c',
      'cat /etc/shadow; chmod 666 /etc/passwd; echo x >> /usr/bin/env',
    ]);
    expect(result).toMatchObject({ exitCode: expect.any(Number), stdout: '' });
    expect(readFileSync('/etc/passwd', 'utf8')).toContain('root:');
  });

  container.test('--read-only closes its directories too', async () => {
    const result = await tool([
      ...['run', '--rm', '--read-only', '--network', 'none', 'host', 'sh', '-c'],
      'for path in /x /etc/x /usr/x /etc/hosts; do echo x > $path && echo wrote $path; done 2>/dev/null; cat /etc/hostname',
    ]);
    expect(result.stdout).toMatch(/^[0-9a-f]{12}\n$/);
  });

  container.test('shows no home directory of the machine', async () => {
    expect(await ok(['run', '--rm', 'host', 'sh', '-c', 'ls -A /home /root 2>/dev/null | grep -v : || true'])).toBe('');
  });
});

describe('exit codes', () => {
  container.test('the command’s own code comes back', async () => {
    expect(await tool(['run', '--rm', await image(), 'sh', '-c', 'exit 42'])).toMatchObject({ exitCode: 42 });
  });

  container.test('125 for an unknown flag, before anything is made', async () => {
    const result = await tool(['run', '--no-such-flag', await image(), 'true']);
    expect(result).toMatchObject({ exitCode: 125, stdout: '', stderr: expect.stringContaining('no-such-flag') });
    expect(await ok(['ps', '-aq'])).toBe('');
  });

  container.test('125 for an image that is not there', async () => {
    const result = await tool(['run', '--rm', '--pull', 'never', 'no-such-image:none', 'true']);
    expect(result).toMatchObject({ exitCode: 125, stdout: '', stderr: expect.stringContaining('no-such-image') });
  });

  container.test('126 for a file that is not executable', async () => {
    const result = await tool(['run', '--rm', await image(), '/etc/not-executable']);
    expect(result).toMatchObject({ exitCode: 126, stderr: expect.stringContaining('/etc/not-executable') });
  });

  container.test('126 for a directory', async () => {
    expect(await tool(['run', '--rm', await image(), '/etc'])).toMatchObject({
      exitCode: 126,
      stderr: expect.stringContaining('/etc'),
    });
  });

  container.test('127 for a command that does not exist, by path and by name', async () => {
    const reference = await image();
    expect(await tool(['run', '--rm', reference, '/nope'])).toMatchObject({
      exitCode: 127,
      stderr: expect.stringContaining('/nope'),
    });
    expect(await tool(['run', '--rm', reference, 'nope'])).toMatchObject({
      exitCode: 127,
      stderr: expect.stringContaining('nope'),
    });
  });

  container.test('127 for a script whose interpreter does not exist', async () => {
    expect(await tool(['run', '--rm', await image(), '/bin/bad-interpreter'])).toMatchObject({ exitCode: 127 });
  });

  container.test('a failed start leaves nothing with --rm, and a created container without', async () => {
    const reference = await image();
    const name = uniqueName();
    await tool(['run', '--rm', '--name', name, reference, '/nope']);
    expect(await ok(['ps', '-aq', '--filter', `name=${name}`])).toBe('');
    await tool(['run', '--name', name, reference, '/nope']);
    expect((await stateOf(name)).Status).toBe('created');
    await ok(['rm', name]);
  });

  container.test('128+n when a signal ends the process', async () => {
    const reference = await image();
    const started = startTool(['run', '--rm', '--init', reference, 'sh', '-c', 'kill -9 $$']);
    expect(toResult(await started).exitCode).toBe(137);
    expect(toResult(await startTool(['run', '--rm', '--init', reference, 'sh', '-c', 'kill -SEGV $$'])).exitCode).toBe(
      139,
    );
  });
});

describe('streams', () => {
  container.test('stdout and stderr stay apart', async () => {
    const result = await tool([
      'run',
      '--rm',
      '--network',
      'none',
      await image(),
      'sh',
      '-c',
      'echo out; echo err >&2',
    ]);
    expect(result).toMatchObject({ exitCode: 0, stdout: 'out\n', stderr: 'err\n' });
  });

  container.test('10 MB of arbitrary bytes arrive on each stream as they were written', async () => {
    const size = 10_000_000;
    const result = await tool([
      'run',
      '--rm',
      '--network',
      'none',
      await image(),
      '/bin/report',
      'bytes-both',
      String(size),
    ]);
    expect(result.exitCode).toBe(0);
    expect(result.stdoutBytes.length).toBe(size);
    expect(result.stderrBytes.length).toBe(size);
    expect(result.stdoutBytes.equals(pseudoRandom(size, 1))).toBe(true);
    expect(result.stderrBytes.equals(pseudoRandom(size, 2))).toBe(true);
  });

  container.test('-i passes stdin and its end', async () => {
    const input = pseudoRandom(3_000_000, 7);
    const result = await tool(['run', '--rm', '-i', await image(), 'sha256sum'], { input });
    expect(result.stdout).toBe(`${createHash('sha256').update(input).digest('hex')}  -\n`);
  });

  container.test('-i echoes bytes back unchanged', async () => {
    const input = pseudoRandom(2_000_000, 9);
    const result = await tool(['run', '--rm', '-i', await image(), 'cat'], { input });
    expect(result.stdoutBytes.equals(input)).toBe(true);
  });

  container.test('without -i the command’s stdin is empty, whatever is piped in', async () => {
    const result = await tool(['run', '--rm', await image(), 'sh', '-c', 'wc -c'], { input: 'ignored' });
    expect(result.stdout.trim()).toBe('0');
  });

  container.test('an answer comes while stdin is still open', async () => {
    const running = startPiped(['run', '--rm', '-i', await image(), 'cat']);
    let seen = '';
    running.stdout.on('data', (chunk: Buffer) => (seen += chunk.toString()));
    running.stdin.write('ping\n');
    await poll(() => seen === 'ping\n', { what: 'the answer' });
    running.stdin.end();
    expect(toResult(await running)).toMatchObject({ exitCode: 0, stdout: 'ping\n' });
  });

  container.test('a reader that goes away ends the command line quietly', async () => {
    const name = uniqueName();
    const running = startPiped(['run', '--rm', '--log-driver', 'none', '--name', name, await image(), 'yes']);
    running.stdout.once('data', () => running.stdout.destroy());
    const { stderr } = toResult(await running);
    await tool(['rm', '-f', name]);
    expect(stderr).not.toMatch(/EPIPE|at .*\.js/);
  });
});

describe('signals', () => {
  container.test('are forwarded to the container', async () => {
    const running = startPiped(['run', '--rm', await image(), '/bin/report', 'signals']);
    let seen = '';
    running.stdout.on('data', (chunk: Buffer) => (seen += chunk.toString()));
    await poll(() => seen.includes('ready'), { what: 'the start' });
    for (const [signal, number] of [
      ['SIGUSR1', 10],
      ['SIGHUP', 1],
      ['SIGINT', 2],
    ] as const) {
      running.kill(signal);
      await poll(() => seen.includes(`signal ${String(number)}\n`), { what: `the arrival of ${signal}` });
    }
    running.kill('SIGTERM');
    expect(toResult(await running).exitCode).toBe(42);
  });

  container.test('--sig-proxy=false keeps them away from the container', async () => {
    const name = uniqueName();
    const running = startPiped([
      'run',
      '--rm',
      '--sig-proxy=false',
      '--name',
      name,
      await image(),
      'sh',
      '-c',
      'echo ready; exec sleep 100',
    ]);
    let seen = '';
    running.stdout.on('data', (chunk: Buffer) => (seen += chunk.toString()));
    await poll(() => seen.includes('ready'));
    running.kill('SIGTERM');
    await running;
    expect((await stateOf(name)).Status).toBe('running');
    await ok(['kill', name]);
    await poll(async () => (await ok(['ps', '-aq', '--filter', `name=${name}`])) === '', { what: 'removal by --rm' });
  });

  container.test('an init process without handlers is not ended by a signal; with --init it is', async () => {
    const running = startPiped(['run', '--rm', '--init', await image(), 'sh', '-c', 'echo ready; exec sleep 100']);
    running.stdout.once('data', () => running.kill('SIGTERM'));
    expect(toResult(await running).exitCode).toBe(143);
  });
});

describe('what run leaves', () => {
  container.test('--rm removes the container when it ends, detached too', async () => {
    const name = uniqueName();
    await ok(['run', '-d', '--rm', '--name', name, await image(), 'true']);
    await poll(async () => (await ok(['ps', '-aq', '--filter', `name=${name}`])) === '', { what: 'removal by --rm' });
    await poll(() => !existsSync(join(sandbox().dataRoot, 'names', name)), { what: 'release of the name' });
  });

  container.test('-d prints the full id and nothing else', async () => {
    const result = await tool(['run', '-d', '--network', 'none', await image(), 'true']);
    expect(result).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^[0-9a-f]{64}\n$/), stderr: '' });
    await ok(['rm', '-f', result.stdout.trim()]);
  });

  container.test('--cidfile holds the id, is kept, and is not overwritten', async () => {
    const path = join(sandbox().directory, uniqueName('cid'));
    const reference = await image();
    const id = await ok(['run', '-d', '--cidfile', path, reference, 'true']);
    expect(readFileSync(path, 'utf8')).toBe(id);
    await ok(['rm', '-f', id]);
    expect(await tool(['run', '--rm', '--cidfile', path, reference, 'true'])).toMatchObject({
      exitCode: 125,
      stderr: expect.stringContaining(path),
    });
  });
});

/** The generator of test/support/report.cc. */
function pseudoRandom(size: number, seed: number): Buffer {
  const bytes = Buffer.alloc(size);
  let state = seed | 1;
  for (let index = 0; index < size; index++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes[index] = state & 0xff;
  }
  return bytes;
}
