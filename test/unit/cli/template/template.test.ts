// SPDX-License-Identifier: Apache-2.0
// Templates against what docker's own client printed for the same data (docker-cases.json was recorded from it).

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fromJson } from '../../../../lib/cli/template/from-json.js';
import { parseTemplate } from '../../../../lib/cli/template/template.js';

interface Recorded {
  readonly data: unknown;
  readonly cases: readonly { readonly template: string; readonly output?: string; readonly error?: string }[];
}

const recorded = JSON.parse(readFileSync(join(__dirname, 'docker-cases.json'), 'utf8')) as Recorded; // our own file

const render = (template: string, data: unknown = recorded.data): string =>
  parseTemplate(template).render(fromJson(data));

describe("docker's client agrees", () => {
  test.each(recorded.cases)('$template', ({ template, output, error }) => {
    if (error === undefined) expect(render(template)).toBe(output);
    else expect(() => render(template)).toThrow(expect.objectContaining({ code: 'ERR_TEMPLATE', message: error }));
  });
});

describe('beyond the recorded cases', () => {
  test.each([
    ['{{.A}}', { A: 1.5 }, '1.5'],
    ['{{.A}}', { A: 123456789.5 }, '1.234567895e+08'],
    ['{{printf "%.3g" .A}}', { A: 1234.5 }, '1.23e+03'],
    ['{{if .State.Health}}{{.State.Health.Status}}{{else}}none{{end}}', { State: {} }, 'none'],
    ['{{json .}}', { B: 1, A: { Labels: null } }, '{"B":1,"A":{"Labels":null}}'],
    ['{{range .Config.Env}}{{println .}}{{end}}', { Config: { Env: ['A=1', 'B=2'] } }, 'A=1\nB=2\n'],
    ['{{json .State}}', { State: { Pid: 1 } }, '{"Pid":1}'],
    ['{{.Config.Entrypoint}}', { Config: { Entrypoint: null } }, '[]'],
    ['{{.ID}}', { Id: 'abc' }, 'abc'],
    ['{{.Descriptor.Digest}} {{.Descriptor.digest}}', { Descriptor: { digest: 'sha256:a' } }, 'sha256:a sha256:a'],
    ['{{.Descriptor.Platform.OS}}', { Descriptor: { platform: { os: 'linux' } } }, 'linux'],
    ['{{json .Descriptor}}', { Descriptor: { digest: 'a', size: 1 } }, '{"digest":"a","size":1}'],
  ])('%s', (template, data, expected) => {
    expect(render(template, data)).toBe(expected);
  });

  test('a template may not call itself for ever', () => {
    expect(() => render('{{define "a"}}{{template "a"}}{{end}}{{template "a"}}')).toThrow(
      'exceeded maximum template depth',
    );
  });

  test.each(['{{constructor}}', '{{__proto__}}', '{{toString}}'])('%s is no function', (template) => {
    expect(() => render(template)).toThrow('not defined');
  });
});
