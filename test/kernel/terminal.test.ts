// SPDX-License-Identifier: Apache-2.0
// -t and -i, alone and together; window size; detaching, attaching again, several clients; full-screen programs.

import { poll } from '../support/poll.js';
import { requires } from '../support/requires.js';
import { Terminal } from '../support/terminal.js';
import { Tmux } from '../support/tmux.js';
import { image, ok, startPiped, stateOf, tool, toResult, uniqueName, type Report } from '../support/tool.js';

const pty = requires('userns', 'mount-in-userns', 'overlay-in-userns', 'busybox', 'python3');
const screen = requires('userns', 'mount-in-userns', 'overlay-in-userns', 'busybox', 'tmux');
const container = requires('userns', 'mount-in-userns', 'overlay-in-userns', 'busybox');

const detachKeys = '\u0010\u0011';

describe('a terminal', () => {
  pty.test('has the size of ours from the start', async () => {
    await using terminal = new Terminal(['run', '--rm', '-it', await image(), '/bin/report'], {
      columns: 123,
      rows: 45,
    });
    expect(await terminal.exitCode).toBe(0);
    const seen = JSON.parse(terminal.output.slice(terminal.output.indexOf('{'))) as Report;
    const size = { columns: 123, rows: 45 };
    expect(seen.terminal).toEqual({ '0': size, '1': size, '2': size });
    expect(seen.devices['console']).toMatch(/^char 136:\d+$/);
  });

  pty.test('follows our window', async () => {
    await using terminal = new Terminal(['run', '--rm', '-it', await image(), '/bin/report', 'signals']);
    await terminal.until(/ready/);
    terminal.resize(100, 30);
    await terminal.until(/size 100 30/);
    terminal.resize(61, 17);
    await terminal.until(/size 61 17/);
    terminal.type(detachKeys);
    await terminal.exitCode;
  });

  pty.test('is the container’s own: line editing, echo and ctrl-c are its', async () => {
    await using terminal = new Terminal(['run', '--rm', '-it', await image(), 'sh']);
    await terminal.until(/# /);
    terminal.type('echo a"b"c\r');
    await terminal.until(/\r\nabc\r\n/);
    terminal.type("sh -c 'echo go-$((1+1)); exec sleep 1000'\r");
    await terminal.until(/go-2/);
    terminal.type('\u0003');
    terminal.type('echo still here $((6*7))\r');
    await terminal.until(/still here 42/);
    terminal.type('tty; exit 7\r');
    expect(await terminal.exitCode).toBe(7);
    expect(terminal.output).toContain('/dev/pts/0');
  });

  pty.test('-t without -i shows output and takes no keys', async () => {
    await using terminal = new Terminal([
      'run',
      '--rm',
      '-t',
      await image(),
      'sh',
      '-c',
      'test -t 1 && echo terminal; read -t 1 x; echo "got:$x"',
    ]);
    terminal.type('typed\r');
    expect(await terminal.exitCode).toBe(0);
    expect(terminal.output).toContain('terminal');
  });

  container.test('-t without a terminal of ours works, and stderr arrives on stdout', async () => {
    const result = await tool([
      'run',
      '--rm',
      '-t',
      '--network',
      'none',
      await image(),
      'sh',
      '-c',
      'test -t 1 && echo terminal; echo err >&2',
    ]);
    expect(result).toMatchObject({ exitCode: 0, stdout: 'terminal\r\nerr\r\n', stderr: '' });
  });

  container.test('-it with a pipe as stdin is refused as docker refuses it', async () => {
    const result = await tool(['run', '--rm', '-it', await image(), 'true'], { input: 'x' });
    expect(result.exitCode).not.toBe(0);
    expect(result.stderr).toMatch(/TTY|terminal/i);
  });

  pty.test('exec -it has a terminal of its own in the running container', async () => {
    const name = uniqueName();
    await ok(['run', '-d', '--name', name, await image(), 'sleep', '1000']);
    await using terminal = new Terminal(['exec', '-it', name, 'sh'], { columns: 90, rows: 20 });
    await terminal.until(/# /);
    terminal.type('stty size; tty; exit 3\r');
    expect(await terminal.exitCode).toBe(3);
    expect(terminal.output).toContain('20 90');
    expect(terminal.output).toMatch(/\/dev\/pts\/\d+/);
    await ok(['rm', '-f', name]);
  });
});

describe('detaching', () => {
  pty.test('ctrl-p ctrl-q leaves the container running; attach continues', async () => {
    const name = uniqueName();
    await using first = new Terminal(['run', '-it', '--name', name, await image(), 'sh']);
    await first.until(/# /);
    first.type('marker=kept\r');
    first.type(detachKeys);
    expect(await first.exitCode).toBe(0);
    expect((await stateOf(name)).Running).toBe(true);
    await using second = new Terminal(['attach', name]);
    second.type('\recho "$marker" again\r');
    await second.until(/kept again/);
    second.type('exit 5\r');
    expect(await second.exitCode).toBe(5);
    await ok(['rm', name]);
  });

  pty.test('--detach-keys takes other keys, and ctrl-p is then only a key', async () => {
    const name = uniqueName();
    await using terminal = new Terminal([
      'run',
      '-it',
      '--name',
      name,
      '--detach-keys',
      'ctrl-x,y',
      await image(),
      'cat',
      '-',
    ]);
    await poll(async () => (await stateOf(name).catch(() => undefined))?.Running === true);
    terminal.type('before\r');
    await terminal.until(/before\r\nbefore/);
    terminal.type('\u0018y');
    expect(await terminal.exitCode).toBe(0);
    expect((await stateOf(name)).Running).toBe(true);
    await ok(['rm', '-f', name]);
  });

  pty.test('several clients see the same, and each can type', async () => {
    const name = uniqueName();
    await using first = new Terminal(['run', '-it', '--name', name, await image(), 'sh']);
    await first.until(/# /);
    await using second = new Terminal(['attach', name]);
    // the second sees what comes after it attached; pressing return makes a prompt come
    second.type('\r');
    await second.until(/# /);
    second.type('echo from-second-$((1+1))\r');
    await Promise.all([first.until(/from-second-2/), second.until(/from-second-2/)]);
    first.type('echo from-first-$((2+2))\r');
    await Promise.all([first.until(/from-first-4/), second.until(/from-first-4/)]);
    second.type(detachKeys);
    expect(await second.exitCode).toBe(0);
    first.type('exit 0\r');
    expect(await first.exitCode).toBe(0);
    await ok(['rm', name]);
  });

  pty.test('the terminal is as before when the command line ends', async () => {
    const { execFileSync } = await import('node:child_process');
    const { join } = await import('node:path');
    const { program, repository } = await import('../support/paths.js');
    const { sandbox } = await import('../support/tool.js');
    const script = `stty -a > before; ${process.execPath} ${program} run --rm -it ${await image()} true; stty -a > after; cmp before after && echo same`;
    const bridge = join(repository, 'test/support/pty-bridge.py');
    const seen = execFileSync('python3', [bridge, '80', '24', 'sh', '-c', script], {
      cwd: sandbox().directory,
      env: { ...sandbox().env },
      encoding: 'utf8',
      stdio: ['pipe', 'pipe', 'inherit', 'pipe'],
      input: '',
    });
    expect(seen).toContain('same');
  });

  container.test('attach to a container without a terminal gets both streams apart', async () => {
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
      'while read line; do echo "out $line"; echo "err $line" >&2; done',
    ]);
    const attached = startPiped(['attach', name]);
    let seen = '';
    attached.stdout.on('data', (chunk: Buffer) => (seen += chunk.toString()));
    attached.stdin.write('one\n');
    await poll(() => seen === 'out one\n');
    await ok(['kill', name]);
    expect(toResult(await attached)).toMatchObject({ exitCode: 137, stdout: 'out one\n', stderr: 'err one\n' });
    await ok(['rm', '-f', name]);
  });
});

describe('full-screen programs in tmux', () => {
  screen.test('vi edits a file and leaves the screen clean', async () => {
    using window = new Tmux(['run', '--rm', '-it', await image(), 'sh']);
    await window.until(/# ?$/m);
    window.type('vi /tmp/text');
    window.keys('Enter');
    await window.until(/~\n~\n/);
    window.type('ihello from vi');
    window.keys('Escape');
    // out of insert mode, else escape and colon are one key
    await window.until(/^- \/tmp\/text/m);
    window.type(':wq');
    window.keys('Enter');
    window.type('cat /tmp/text; exit 0');
    window.keys('Enter');
    await window.until(/^hello from vi$[^]*exit=0/m);
  });

  screen.test('top redraws and follows the size of the window', async () => {
    using window = new Tmux(['run', '--rm', '-it', await image(), 'top', '-d', '1'], { columns: 80, rows: 24 });
    await window.until(/Mem[^]*PID[^]*top/);
    window.resize(100, 40);
    await window.until(/PID/);
    window.type('q');
    await window.until(/exit=0/);
  });

  screen.test('less pages through a long file', async () => {
    using window = new Tmux([
      'run',
      '--rm',
      '-it',
      await image(),
      'sh',
      '-c',
      'seq 1 500 > /tmp/numbers; exec less /tmp/numbers',
    ]);
    await window.until(/^1\n2\n3$/m);
    window.type(' ');
    await window.until(/^24\n25$/m);
    window.type('G');
    await window.until(/^500$/m);
    window.type('q');
    await window.until(/exit=0/);
  });

  screen.test('programs of the host image draw as well', async () => {
    using window = new Tmux(
      ['run', '--rm', '-it', 'host', 'sh', '-c', 'stty size; tput cols 2>/dev/null; exec sleep 0.2'],
      { columns: 91, rows: 29 },
    );
    await window.until(/29 91[^]*exit=0/);
  });
});
