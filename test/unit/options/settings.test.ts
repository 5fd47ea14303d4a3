// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { noSettings, parseSettings, readSettings, settingsTable } from '../../../lib/options/settings.js';

const path = '/home/me/.config/sampan/config.json';
const parse = (value: unknown) => parseSettings(typeof value === 'string' ? value : JSON.stringify(value), path);

test('what the documentation shows is read', () => {
  const page = readFileSync(join(__dirname, '../../../docs/reference/settings.md'), 'utf8');
  const example = /```json\n([^`]*)```/.exec(page)?.[1] ?? '';
  expect(parse(example)).toEqual({
    registryMirrors: ['mirror.example:5000'],
    insecureRegistries: ['registry.example:5000', '198.51.100.0/24'],
    maxStoreBytes: 20 * 1024 ** 3,
  });
  for (const { key } of settingsTable) expect(page).toContain(`| \`${key}\``);
});

test.each(['https://mirror.example', 'http://mirror.example:5000/', '[::1]:5000', 'localhost'])(
  'the mirror %s is taken',
  (mirror) => {
    expect(parse({ 'registry-mirrors': [mirror] }).registryMirrors).toEqual([mirror]);
  },
);

test('the size of the store is a number of bytes or what people write', () => {
  for (const [given, bytes] of [
    [1000, 1000],
    ['20g', 20 * 1024 ** 3],
    ['500MB', 500 * 1024 ** 2],
  ] as const)
    expect(parse({ store: { maxSize: given } }).maxStoreBytes).toBe(bytes);
  for (const wrong of [0, -1, 1.5, '', 'much', '0', null, [], true])
    expect(() => parse({ store: { maxSize: wrong } })).toThrow(/store\.maxSize/);
});

test.each(['registry.example', '::1/128', 'fd00::/8', '127.0.0.0/8', 'http://r.example:80'])(
  'the insecure registry %s is taken',
  (registry) => {
    expect(parse({ 'insecure-registries': [registry] }).insecureRegistries).toEqual([registry]);
  },
);

test.each([
  ['{', `${path} is not JSON`, undefined],
  ['', `${path} is not JSON`, undefined],
  [[], `${path} is not a JSON object`, undefined],
  [{ 'registry-mirror': [] }, `${path}: unknown key registry-mirror`, 'did you mean registry-mirrors?'],
  [{ registry: { mirrors: [] } }, `${path}: unknown key registry.mirrors`, 'did you mean registry-mirrors?'],
  [{ colour: 'red' }, `${path}: unknown key colour`, 'the keys are registry-mirrors'],
  [{ 'registry-mirrors': 'x' }, `${path}: registry-mirrors: it is not a list of strings`, undefined],
  [{ 'registry-mirrors': [1] }, `${path}: registry-mirrors: it is not a list of strings`, undefined],
  [{ 'registry-mirrors': ['a b'] }, 'a b is not the name or url of a registry', undefined],
  [{ 'insecure-registries': ['10.0.0.0/33'] }, '10.0.0.0/33 is neither', undefined],
  [{ 'insecure-registries': ['r.example/path'] }, 'insecure-registries: r.example/path is neither', undefined],
])('%j is refused', (value, message, hint) => {
  expect(() => parse(value)).toThrow(
    expect.objectContaining({
      code: 'ERR_SETTINGS',
      message: expect.stringContaining(message),
      ...(hint === undefined ? {} : { hint: expect.stringContaining(hint) }),
    }),
  );
});

test('a missing file sets nothing, one that cannot be read is told', () => {
  const directory = mkdtempSync(join(tmpdir(), 'sampan-settings-'));
  try {
    expect(readSettings(join(directory, 'none/config.json'))).toEqual(noSettings);
    expect(() => readSettings(directory)).toThrow(expect.objectContaining({ code: 'ERR_SETTINGS' }));
    writeFileSync(join(directory, 'config.json'), '{}');
    expect(readSettings(join(directory, 'config.json'))).toEqual(noSettings);
  } finally {
    rmSync(directory, { recursive: true });
  }
});
