// SPDX-License-Identifier: Apache-2.0
// Well-known servers and their clients: the server in a container, the client in another one, on the host and on another
// machine; then the server on the other machine or on the host, and the client in a container.

import { poll } from '../support/poll.js';
import {
  hostIp,
  isFull,
  otherIp,
  places,
  programs,
  serveAt,
  serveInContainer,
  shellAt,
  type Place,
} from '../support/machines.js';
import { requires } from '../support/requires.js';
import { ok } from '../support/tool.js';

const container = requires('two-machines', 'subids', 'overlay-in-userns', 'dev-net-tun');

const timeoutMs = isFull ? 600_000 : 50_000;
jest.setTimeout(5 * timeoutMs);

beforeAll(async () => {
  await programs();
});

/** Runs the client at each place against the server in a container, then in a container against each machine's server. */
const everywhere = async (
  {
    ports,
    command,
    options = [],
  }: { readonly ports: readonly string[]; readonly command: string; readonly options?: readonly string[] },
  client: (place: Place, address: readonly [string, string], also: (port: string) => Promise<string>) => Promise<void>,
): Promise<void> => {
  const [first = ''] = ports;
  const server = await serveInContainer(ports, options, command);
  for (const place of places) {
    await client(place, await server.at(place, first), async (port) => (await server.at(place, port))[1]);
  }
  await remove(server.name);
  for (const [place, address] of [
    ['other', otherIp],
    ['host', hostIp],
  ] as const) {
    const name = await serveAt(place, command, options);
    await client('container', [address, first], (port) => Promise.resolve(port));
    await remove(name);
  }
};

/** A writable layer may have many files by now. */
const remove = (name: string): Promise<string> => ok(['rm', '-f', name], { timeoutMs });

const answers = (place: Place, command: string): Promise<void> =>
  poll(
    async () =>
      shellAt(place, command).then(
        () => true,
        () => false,
      ),
    { timeoutMs: 30_000 },
  );

const pageBytes = String(isFull ? 1_000_000_000 : 50_000_000);
const nginx = [
  'mkdir -p /srv/up; chmod 777 /srv/up; echo hello > /srv/index.html',
  `cat > /tmp/n.conf <<'C'
daemon off; error_log stderr; events { }
http { access_log off; server { listen 8080; listen 8082 http2; root /srv; client_max_body_size 0;
  location /up/ { client_body_temp_path /srv/up; dav_methods PUT; } } }
C`,
  'exec nginx -c /tmp/n.conf',
].join('\n');

container.test('curl and nginx: keep-alive, large downloads and uploads, HTTP/2', async () => {
  await everywhere({ ports: ['8080', '8082'], command: nginx }, async (place, [host, port], also) => {
    const url = `http://${host}:${port}`;
    await answers(place, `curl -sSf ${url}/`);
    const second = `http://${host}:${await also('8082')}`;
    const same = `| sha256sum)" = "$(sha256sum < /tmp/big)" && echo same`;
    const text = await shellAt(
      place,
      [
        `set -e; head -c ${pageBytes} /dev/urandom > /tmp/big`,
        `curl -sSvf ${url}/ ${url}/ ${url}/ 2>&1 | grep -c 'Re-using existing connection'`,
        `curl -sSf -T /tmp/big ${url}/up/1; test "$(curl -sSf --http2-prior-knowledge ${second}/up/1 ${same}`,
        `curl -sSf --http2-prior-knowledge -T /tmp/big ${second}/up/2; test "$(curl -sSf ${url}/up/2 ${same}`,
        `curl -sSf --http2-prior-knowledge -o /dev/null -w '%{http_version}' ${second}/`,
        `wrk -c 64 -t 2 -d 2 ${url}/ | grep -E 'Socket errors|Non-2xx' || true`,
      ].join('\n'),
      timeoutMs,
    );
    expect(text).toBe('2\nsame\nsame\n2');
  });
});

container.test('PostgreSQL and pgbench', async () => {
  const command = [
    'export PATH=/usr/lib/postgresql/15/bin:$PATH; initdb -D /tmp/pg -A trust >/dev/null',
    'echo "host all all all trust" >> /tmp/pg/pg_hba.conf',
    `exec postgres -D /tmp/pg -h '*' -p 5432 -k /tmp -F`,
  ].join('\n');
  await everywhere({ ports: ['5432'], command, options: ['-u', 'postgres'] }, async (place, [host, port]) => {
    const to = `-h ${host} -p ${port} -U postgres`;
    await answers(place, `psql ${to} -c 'select 1' postgres`);
    const text = await shellAt(
      place,
      `pgbench -i -q ${to} postgres 2>/dev/null && pgbench -n -c 8 -j 2 -T ${isFull ? '60' : '3'} ${to} postgres 2>/dev/null`,
      timeoutMs,
    );
    expect(text).toMatch(/number of failed transactions: 0 /);
    expect(text).toMatch(/tps = [1-9]/);
  });
});

container.test('Redis and redis-benchmark with pipelining', async () => {
  const command = `exec redis-server --save '' --protected-mode no --bind 0.0.0.0 --port 6379 --loglevel warning`;
  await everywhere({ ports: ['6379'], command }, async (place, [host, port]) => {
    const to = `-h ${host} -p ${port}`;
    await answers(place, `redis-cli ${to} ping`);
    const text = await shellAt(
      place,
      [
        `redis-benchmark ${to} -t set,get -n ${isFull ? '1000000' : '30000'} -P 16 -c 50 -q --csv`,
        `head -c 8000000 /dev/urandom | base64 -w 0 > /tmp/value; redis-cli ${to} -x set big < /tmp/value`,
        `test "$(redis-cli ${to} get big | sha256sum)" = "$( (cat /tmp/value; echo) | sha256sum)" && echo same`,
      ].join('\n'),
      timeoutMs,
    );
    expect(text).toMatch(/"SET","\d+/);
    expect(text).toMatch(/OK\nsame\n$/);
  });
});

const fileCount = isFull ? 50_000 : 3000;
/** In directories of a hundred, none larger than a few pages. */
const makeTree = `python3 - <<'P'
import os
for i in range(${String(fileCount)}):
    directory = f'/tmp/tree/{i // 100}'
    os.makedirs(directory, exist_ok=True)
    with open(f'{directory}/{i}', 'wb') as file:
        file.write(os.urandom(i * 7 % 10_000))
P`;

container.test('rsync over ssh of a tree of many files, there and back', async () => {
  const key = await shellAt('container', 'ssh-keygen -q -t ed25519 -N "" -f /tmp/k && cat /tmp/k && cat /tmp/k.pub');
  const end = '-----END OPENSSH PRIVATE KEY-----\n';
  const [secret = '', open = ''] = key.split(end);
  const command = [
    `mkdir -p /run/sshd /root/.ssh; echo '${open.trim()}' > /root/.ssh/authorized_keys; chmod -R go= /root`,
    'exec /usr/sbin/sshd -D -e -p 2222 -o UsePAM=no -o StrictModes=no',
  ].join('\n');
  await everywhere({ ports: ['2222'], command }, async (place, [host, port]) => {
    const ssh = `ssh -p ${port} -i /tmp/k -o StrictHostKeyChecking=no -o LogLevel=ERROR`;
    const prepare = `umask 077; cat > /tmp/k <<'K'\n${secret}${end}K\n`;
    await answers(place, `${prepare}${ssh} root@${host} true`);
    const text = await shellAt(
      place,
      [
        `${prepare}${makeTree}`,
        `rsync -a -e '${ssh}' /tmp/tree/ root@${host}:/tmp/copy-${place}/`,
        `rsync -a -e '${ssh}' root@${host}:/tmp/copy-${place}/ /tmp/back/`,
        'diff -r /tmp/tree /tmp/back && find /tmp/back -type f | wc -l',
      ].join('\n'),
      timeoutMs,
    );
    expect(text).toBe(`${String(fileCount)}\n`);
  });
});
