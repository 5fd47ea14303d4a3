// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { native } from '../../support/native.js';

test('the addon exports exactly what native.ts declares', () => {
  const source = readFileSync(join(__dirname, '../../../lib/native/native.ts'), 'utf8');
  const declared = source.slice(source.indexOf('export interface Native {')).matchAll(/^ {2}(\w+)\(/gm);
  expect(Object.keys(native).sort()).toEqual([...declared].map(([, name]) => name).sort());
});
