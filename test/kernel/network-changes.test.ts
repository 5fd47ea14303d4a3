// SPDX-License-Identifier: Apache-2.0
// A host that gets other name servers and other addresses while containers run: in namespaces that play this host, so
// that the machine's own files and addresses stay as they are.

import { program } from '../support/paths.js';
import { requires } from '../support/requires.js';
import { on } from '../support/tour.js';

const container = requires(
  'userns',
  'mount-in-userns',
  'overlay-in-userns',
  'subids',
  'unshare',
  'dev-net-tun',
  'python3',
);

const ownHost = ['unshare', '--user', '--map-root-user', '--map-auto', '--mount', '--net'];

/** Answers every question at 127.0.0.N with the address 192.0.2.N. */
const nameServer = `
import socket, sys
number = int(sys.argv[1])
served = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
served.bind(("127.0.0.%d" % number, 53))
served.settimeout(60)
while True:
    query, asker = served.recvfrom(512)
    end = query.index(0, 12) + 5
    answer = b"\\xc0\\x0c\\0\\1\\0\\1\\0\\0\\0\\0\\0\\4" + bytes([192, 0, 2, number])
    is_a = query[end - 4:end] == b"\\0\\1\\0\\1"
    served.sendto(query[:2] + b"\\x81\\x80\\0\\1\\0" + bytes([is_a]) + b"\\0\\0\\0\\0" + query[12:end] + answer * is_a, asker)
`;

/** Says "welcome" to each that connects. */
const server = `
import socket
listener = socket.create_server(("", 80))
print("ready", flush=True)
while True:
    with listener.accept()[0] as connection:
        connection.sendall(b"welcome")
`;

const ask = `
import socket, sys
with socket.create_connection((sys.argv[1], int(sys.argv[2])), 5) as connection:
    print(connection.recv(100).decode().strip())
`;

container.test(
  'containers follow its name servers, and ports its addresses, without a restart',
  async () => {
    const script = `
set -e
sampan="$1"; directory=$(mktemp -d)
trap 'kill $one $two; "$sampan" rm -f box >/dev/null; rm -r "$directory"' EXIT
ip link set lo up; ip address add 203.0.113.1/32 dev lo
python3 -c "$2" 5 & one=$!
python3 -c "$2" 6 & two=$!
until test "$(grep -c ':0035 ' /proc/net/udp)" = 2; do sleep 0.05; done
echo nameserver 127.0.0.5 >"$directory/first"; echo nameserver 127.0.0.6 >"$directory/second"
mount --bind "$directory/first" /etc/resolv.conf
"$sampan" run -d --name box -p 8080:80 host python3 -c "$4" >/dev/null
until "$sampan" logs box | grep -q ready; do sleep 0.05; done
found() { "$sampan" exec box python3 -c 'import socket; print(socket.gethostbyname("name.example"))'; }
# for 200 ms netd may go by what it has read (netd_server.cc)
found
echo nameserver 127.0.0.6 >"$directory/first"; sleep 0.5; found
umount /etc/resolv.conf; echo nameserver 127.0.0.5 >"$directory/second"
mount --bind "$directory/second" /etc/resolv.conf; sleep 0.5; found
"$sampan" port add box -p 203.0.113.9:8081:80 2>&1 || echo "refused: $?"
ip address add 203.0.113.9/32 dev lo
"$sampan" port add box -p 203.0.113.9:8081:80
python3 -c "$3" 203.0.113.9 8081; python3 -c "$3" 203.0.113.9 8080
ip address del 203.0.113.9/32 dev lo
python3 -c "$3" 203.0.113.1 8080
"$sampan" port rm box -p 203.0.113.9:8081:80; "$sampan" port box`;
    const result = await on(ownHost, ['sh', '-c', script, 'sh', program, nameServer, ask, server]);
    const [first, second, third, refused, , exitCode, added, ...rest] = result.stdout.trimEnd().split('\n');
    expect({ stderr: result.stderr, seen: [first, second, third] }).toMatchObject({
      seen: ['192.0.2.5', '192.0.2.6', '192.0.2.5'],
    });
    expect(refused).toContain('203.0.113.9');
    expect(exitCode).toBe('refused: 1');
    expect(added).toBe('80/tcp -> 203.0.113.9:8081');
    expect(rest.slice(0, 3)).toEqual(['welcome', 'welcome', 'welcome']);
    expect(rest.slice(3).join(' ')).toMatch(/^80\/tcp -> 0\.0\.0\.0:8080/);
    expect(result.exitCode).toBe(0);
  },
  120_000,
);
