// SPDX-License-Identifier: Apache-2.0
// podman reads what we push and save, and we read what it pushes, saves and keeps of a login.

import { chmodSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { basicAuth } from './support/fixture.js';
import { command } from './support/command.js';
import {
  describeWithRegistry,
  startRegistry,
  temporaryDirectory,
  testPassword,
  testUser,
  type RunningRegistry,
} from './support/counterparts.js';
import { dockerArchive } from '../support/archives.js';
import { file, makeTar } from '../support/tar.js';
import { describeWithPodman, openPodman, type Podman } from './support/podman.js';

describeWithRegistry('with a registry', () => {
  describeWithPodman('podman', () => {
    const home = temporaryDirectory();
    let [open, closed]: readonly RunningRegistry[] = [];
    let podman: Podman;
    const at = (name: string): string => join(home, name);
    const nameIn = (registry: RunningRegistry | undefined, path: string): string => `${registry?.name ?? ''}/${path}`;
    const sampan = async (...args: readonly string[]): Promise<string> => {
      const { exitCode, stdout, stderr } = await command(home, args);
      if (exitCode !== 0) throw new Error(`sampan ${args.join(' ')}: ${stderr}`);
      return stdout.trim();
    };
    const idOf = async (name: string): Promise<string> =>
      (await sampan('image', 'inspect', '-f', '{{.Id}}', name)).replace('sha256:', '');
    const podmanIdOf = (name: string): string => podman('image', 'inspect', '--format', '{{.Id}}', name);

    beforeAll(async () => {
      [open, closed] = await Promise.all([startRegistry(), startRegistry({ htpasswd: true })]);
      podman = openPodman();
      // an engine started by root unpacks as a sub-id, who must pass through
      chmodSync(home, 0o711);
      const layers = [makeTar([file('first', 'one')]), makeTar([file('second', 'two')])];
      writeFileSync(
        at('image.tar'),
        dockerArchive({ layers, config: { Cmd: ['/first'] }, names: ['docker.io/library/own:1'] }),
      );
      await sampan('load', '-i', at('image.tar'));
    });
    afterAll(async () => {
      podman[Symbol.dispose]();
      for (const registry of [open, closed]) await registry?.[Symbol.asyncDispose]();
      rmSync(home, { recursive: true, force: true });
    });

    test('pulls what we push, and it is the same image', async () => {
      const name = nameIn(open, 'ours:1');
      await sampan('tag', 'own:1', name);
      await sampan('push', '-q', name);
      expect(podman('pull', '-q', '--tls-verify=false', name)).toBe(await idOf(name));
      expect(podman('image', 'inspect', '--format', '{{.Config.Cmd}}', name)).toBe('[/first]');
    });

    test('pushes what we pull, and it is the same image', async () => {
      podman('load', '-q', '-i', at('image.tar'));
      const name = nameIn(open, 'theirs:1');
      podman('push', '-q', '--tls-verify=false', 'docker.io/library/own:1', name);
      await sampan('pull', '-q', name);
      expect(await idOf(name)).toBe(podmanIdOf('docker.io/library/own:1'));
    });

    for (const format of ['docker-archive', 'oci-archive']) {
      test(`loads what we save, as ${format}`, async () => {
        const [name, path] = [`saved-${format}:1`, at(`${format}.tar`)];
        await sampan('tag', 'own:1', name);
        await sampan('save', '-o', path, name);
        expect(podman('pull', '-q', `${format}:${path}`)).toBe(await idOf(name));
      });

      test(`saves what we load, as ${format}`, async () => {
        podman('load', '-q', '-i', at('image.tar'));
        const [name, path] = [`docker.io/library/podman-${format}:1`, at(`theirs-${format}.tar`)];
        podman('tag', 'docker.io/library/own:1', name);
        podman('save', '-q', '--format', format, '-o', path, name);
        expect(await sampan('load', '-i', path)).toContain(`Loaded image: podman-${format}:1`);
        // an OCI archive has another config than the docker image it was made from
        expect(await idOf(`podman-${format}:1`)).toBe(podman('pull', '-q', `${format}:${path}`));
      });
    }

    test('load takes what we save of several images to stdout', async () => {
      await sampan('tag', 'own:1', 'twin:2');
      await sampan('save', '-o', at('both.tar'), 'own:1', 'twin:2');
      expect(podman('load', '-q', '-i', at('both.tar'))).toMatch(/own:1[^]*twin:2/);
    });

    test('login for one repository is used for it, and for no other', async () => {
      const [inside, outside] = [nameIn(closed, 'team/app:1'), nameIn(closed, 'other/app:1')];
      await sampan('tag', 'own:1', inside);
      await sampan('tag', 'own:1', outside);
      const authfile = at('auth.json');
      const login = ['--authfile', authfile, '--tls-verify=false', '-u', testUser, '-p', testPassword];
      podman('login', ...login, nameIn(closed, 'team/app'));
      const push = (name: string) => command(home, ['push', '-q', name], { env: { REGISTRY_AUTH_FILE: authfile } });
      expect(await push(inside)).toMatchObject({ exitCode: 0 });
      expect(await push(outside)).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('asks for a login') });
    });

    test('of a login for a repository and one for its registry the first is taken', async () => {
      const name = nameIn(closed, 'team/deep/app:1');
      await sampan('tag', 'own:1', name);
      const auths = {
        [nameIn(closed, 'team')]: { auth: basicAuth() },
        [closed?.name ?? '']: { auth: basicAuth('wrong-for-all') },
      };
      writeFileSync(at('both.json'), JSON.stringify({ auths }));
      const env = { REGISTRY_AUTH_FILE: at('both.json') };
      expect(await command(home, ['push', '-q', name], { env })).toMatchObject({ exitCode: 0 });
    });
  });
});
