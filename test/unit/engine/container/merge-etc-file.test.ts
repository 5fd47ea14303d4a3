// SPDX-License-Identifier: Apache-2.0
import { mergeHosts, mergeResolvConf } from '../../../../lib/engine/container/merge-etc-file.js';

const base = '127.0.0.1\tlocalhost\n';
const one = '10.88.0.2\tbox\n';
const two = '10.89.0.2\tbox\n';
const host = '192.0.2.1\thost\n';

describe('hosts', () => {
  test.each([
    ['is the next text where nobody has changed it', `${base}${one}${host}`, `${base}${two}${host}`],
    ['keeps lines at the end', `${base}${one}${host}1.1.1.1 mine\n`, `${base}${two}${host}1.1.1.1 mine\n`],
    [
      'keeps lines before, between and comments',
      `# top\n${base}\n${one}#x\n${host}`,
      `# top\n${base}\n${two}#x\n${host}`,
    ],
    ['ends a last line that has no newline', `${base}${one}${host}1.1.1.1 mine`, `${base}${two}${host}1.1.1.1 mine\n`],
    ['does not bring back what somebody took away', `${one}1.1.1.1 mine\n`, `${two}1.1.1.1 mine\n`],
    ['gets the new line where all was taken away', '', two],
    ['gets it after a line that has no newline', '1.1.1.1 mine', `1.1.1.1 mine\n${two}`],
    [
      'keeps a line that only looks like ours',
      `${base}${one}10.88.0.2\tbox alias\n${host}`,
      `${base}${two}10.88.0.2\tbox alias\n${host}`,
    ],
    [
      'keeps the ends of lines and bytes of others',
      `${base}${one}1.1.1.1 m\xffine\r\n`,
      `${base}${two}1.1.1.1 m\xffine\r\n`,
    ],
  ])('%s', (_, current, expected) => {
    const made = [`${base}${one}${host}`];
    expect(mergeHosts({ current, made, next: `${base}${two}${host}` })).toBe(expected);
  });

  const mine = '1.1.1.1 mine\n';
  const [before, begun] = [`${base}${one}`, `${base}${one}${two}`];
  test.each([
    ['repeated', `${base}${one}${mine}`, begun, `${base}${one}${mine}${two}`],
    ['repeated, when all was done', `${base}${one}${mine}${two}`, begun, `${base}${one}${mine}${two}`],
    ['followed by another one', `${base}${one}${mine}${two}`, `${base}${host}`, `${base}${host}${mine}`],
    ['taken back', `${base}${one}${mine}${two}`, before, `${base}${one}${mine}`],
  ])('after a killed change that is %s has each line once', (_, current, next, expected) => {
    expect(mergeHosts({ current, made: [before, begun], next })).toBe(expected);
  });
});

describe('resolv.conf', () => {
  const made = ['nameserver 10.88.0.1\noptions ndots:0\n'];
  const next = 'nameserver 10.89.0.1\noptions ndots:0\n';
  test.each([
    ['is the next text where nobody has changed it', made[0] ?? '', next],
    [
      'names the name server that answers now, beside lines of others',
      `search x\n${made[0] ?? ''}`,
      `search x\n${next}`,
    ],
    ['is left alone by who put his own in', 'nameserver 9.9.9.9\n', 'nameserver 9.9.9.9\n'],
    ['is left alone when it is empty', '', ''],
  ])('%s', (_, current, expected) => {
    expect(mergeResolvConf({ current, made, next })).toBe(expected);
  });
});
