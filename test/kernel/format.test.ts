// SPDX-License-Identifier: Apache-2.0
// --format on real objects; the language itself is tested in test/unit/cli/template.

import { requires } from '../support/requires.js';
import { image, ok, tool, uniqueName } from '../support/tool.js';

const container = requires('userns', 'mount-in-userns', 'overlay-in-userns', 'busybox');

describe('--format', () => {
  const name = uniqueName();

  container.test('a container to look at', async () => {
    await ok([
      'run',
      '-d',
      '--name',
      name,
      '-e',
      'A=<&>',
      '-l',
      'key=value',
      '-v',
      '/etc:/mnt-etc:ro',
      await image(),
      'sleep',
      '1000',
    ]);
  });

  container.test('fields, functions and pipelines of inspect', async () => {
    for (const [template, expected] of [
      ['{{.State.Pid}}', /^\d+$/],
      ['{{.Name}} {{.State.Status}}', `/${name} running`],
      ['{{json .Config.Cmd}}', '["sleep","1000"]'],
      ['{{range .Config.Env}}{{println .}}{{end}}', /A=<&>/],
      ['{{json .Config.Env}}', /"A=<&>"/],
      ['{{join .Config.Cmd "-"}}', 'sleep-1000'],
      ['{{index .Config.Labels "key"}}', 'value'],
      ['{{if .State.Running}}yes{{else}}no{{end}}', 'yes'],
      ['{{range $i, $m := .Mounts}}{{$i}}:{{$m.Destination}}:{{$m.RW}}{{end}}', '0:/mnt-etc:false'],
      ['{{printf "%.4s" .Id | upper}}', /^[0-9A-F]{4}$/],
      ['{{len .Id}} {{eq .State.Status "running"}}', '64 true'],
      ['{{with .HostConfig}}{{.Privileged}}{{end}}', 'false'],
    ] as const) {
      const text = await ok(['inspect', '--format', template, name]);
      if (typeof expected === 'string') expect({ template, text }).toEqual({ template, text: expected });
      else expect({ template, matches: expected.test(text) ? true : text }).toEqual({ template, matches: true });
    }
  });

  container.test('ps: table, json and plain templates', async () => {
    expect((await ok(['ps', '--format', 'table {{.Names}}\t{{.Status}}'])).split('\n')[0]).toMatch(/^NAMES\s+STATUS$/);
    const [line = ''] = (await ok(['ps', '--format', 'json'])).split('\n');
    expect(JSON.parse(line)).toMatchObject({
      Names: name,
      Image: expect.any(String),
      State: 'running',
      Labels: 'key=value',
      Ports: '',
    });
    expect(await ok(['ps', '--format', '{{.ID}} {{.Label "key"}}'])).toMatch(/^[0-9a-f]{12} value$/);
    expect(JSON.parse(await ok(['ps', '--format', '{{json .}}']))).toMatchObject({ Names: name });
  });

  container.test('images, version and info', async () => {
    expect(await ok(['images', '--format', '{{.Repository}}:{{.Tag}}'])).toContain('sampan-test:latest');
    expect((await ok(['images', '--format', 'table {{.ID}}\t{{.Size}}'])).split('\n')[0]).toMatch(/^IMAGE ID\s+SIZE$/);
    expect(await ok(['version', '--format', '{{.Server.Version}}'])).toMatch(/^\d+\.\d+\.\d+/);
    expect(await ok(['info', '--format', '{{.OSType}} {{.NCPU}}'])).toMatch(/^linux \d+$/);
  });

  container.test('a template that cannot be parsed or filled says where', async () => {
    expect(await tool(['inspect', '--format', '{{.State', name])).toMatchObject({
      stderr: expect.stringContaining('template'),
    });
    expect((await tool(['inspect', '--format', '{{.NoSuchField}}', name])).exitCode).not.toBe(0);
    expect((await tool(['ps', '--format', '{{range}}'])).exitCode).not.toBe(0);
  });

  container.test('the container is removed', async () => {
    await ok(['rm', '-f', name]);
  });
});
