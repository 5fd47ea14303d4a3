// SPDX-License-Identifier: Apache-2.0
// A certificate authority, and a certificate of 127.0.0.1 by it.

import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface TestCertificates {
  readonly authority: string;
  readonly certificate: string;
  readonly key: string;
}

export const makeCertificates = (directory: string): TestCertificates => {
  const file = (name: string): string => join(directory, name);
  const openssl = (command: string, ...files: readonly string[]): void =>
    void execFileSync('openssl', [...command.split(' '), ...files], { stdio: 'ignore' });
  const request = 'req -newkey rsa:2048 -nodes';
  openssl(`${request} -x509 -days 2 -subj /CN=authority -keyout`, file('ca.key'), '-out', file('ca.crt'));
  openssl(`${request} -subj /CN=registry -keyout`, file('r.key'), '-out', file('r.csr'));
  writeFileSync(file('ext'), 'subjectAltName=IP:127.0.0.1\n');
  const signing = ['-CAkey', file('ca.key'), '-in', file('r.csr'), '-extfile', file('ext'), '-out', file('r.crt')];
  openssl('x509 -req -days 2 -CAcreateserial -CA', file('ca.crt'), ...signing);
  return { authority: file('ca.crt'), certificate: file('r.crt'), key: file('r.key') };
};
