# SPDX-License-Identifier: Apache-2.0
# The load that comes from a container: inside.py HOST PORT NAME, where HOST:PORT echoes TCP and UDP and NAME is another
# container. A JSON line every five seconds: what was done, what failed, and how many idle connections are still there.
import hashlib
import json
import os
import random
import socket
import struct
import sys
import threading
import time

host, port, name = sys.argv[1], int(sys.argv[2]), sys.argv[3]
idle_count = 20
# Much data, because it may go another way than little.
bulk_size, bulk_seconds = 30_000_000, 20


def receive(connection, size):
    data = b''
    while len(data) < size:
        part = connection.recv(size - len(data))
        if not part:
            raise OSError('ended early')
        data += part
    return data


def echo(connection, data):
    connection.sendall(data)
    if receive(connection, len(data)) != data:
        raise OSError('other bytes came back')


def transfer():
    with socket.create_connection((host, port), 10) as connection:
        for _ in range(random.randint(1, 8)):
            echo(connection, os.urandom(random.choice((1, 1500, 60_000))))


def bulk():
    """Both directions at once, ended by us; a third of it with pauses, after which it is little data again."""
    block = os.urandom(100_000)
    sent, came = hashlib.sha256(), hashlib.sha256()

    def send(connection):
        for count in range(bulk_size // len(block)):
            sent.update(block)
            connection.sendall(block)
            if count % 10 == 0 and count < 100:
                time.sleep(0.05)
        connection.shutdown(socket.SHUT_WR)

    with socket.create_connection((host, port), 10) as connection:
        connection.settimeout(30)
        sender = threading.Thread(target=send, args=(connection,))
        sender.start()
        while data := connection.recv(1 << 18):
            came.update(data)
        sender.join()
    if sent.digest() != came.digest():
        raise OSError('other bytes came back')


def reset():
    with socket.create_connection((host, port), 10) as connection:
        connection.sendall(b'x' * 30_000)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))


def datagram():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.settimeout(5)
        data = os.urandom(random.choice((1, 1200, 9000)))
        udp.sendto(data, (host, port))
        if udp.recv(65536) != data:
            raise OSError('another datagram came back')


def refused():
    try:
        socket.create_connection((host, 1), 10).close()
    except ConnectionRefusedError:
        return
    raise OSError('was not refused')


def lookup():
    if not socket.getaddrinfo(name, 7000, socket.AF_INET):
        raise OSError('no address')


def lookup_tcp():
    query = b'\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00'
    query += bytes([len(name)]) + name.encode() + b'\x00\x00\x01\x00\x01'
    server = next(line.split()[1] for line in open('/etc/resolv.conf') if line.startswith('nameserver'))
    with socket.create_connection((server, 53), 10) as connection:
        connection.sendall(struct.pack('>H', len(query)) + query)
        answer = receive(connection, struct.unpack('>H', receive(connection, 2))[0])
        if answer[:2] != b'\x12\x34' or answer[7] == 0:
            raise OSError('no answer in it')


def beside():
    with socket.create_connection((name, 7000), 10) as connection:
        if not connection.recv(100):
            raise OSError('ended early')


class Idle:
    def __init__(self):
        self.connections = []

    def check(self):
        """How many of those that were there have gone; they are opened again."""
        lost = 0
        for connection in list(self.connections):
            try:
                echo(connection, b'still here')
            except OSError:
                lost += 1
                connection.close()
                self.connections.remove(connection)
        try:
            while len(self.connections) < idle_count:
                self.connections.append(socket.create_connection((host, port), 10))
        except OSError:
            pass
        return lost


kinds = (transfer, transfer, transfer, datagram, datagram, reset, refused, lookup, lookup_tcp, beside)
idle = Idle()
idle.check()
counts, failures, reported, checked, moved = {}, [], time.time(), time.time(), time.time()
print(json.dumps({'ready': True}), flush=True)
while True:
    # the file is the switch of the load
    if not os.path.exists('/control/quiet'):
        kind = random.choice(kinds)
        if time.time() - moved > bulk_seconds:
            kind, moved = bulk, time.time()
        try:
            kind()
            counts[kind.__name__] = counts.get(kind.__name__, 0) + 1
        except OSError as error:
            failures.append(f'{kind.__name__}: {error}')
    if os.path.exists('/control/check-idle') and time.time() - checked > 5:
        checked = time.time()
        print(json.dumps({'idle_lost': idle.check(), 'idle': len(idle.connections)}), flush=True)
    if time.time() - reported > 5:
        reported = time.time()
        print(json.dumps({'counts': counts, 'failures': failures[:20]}), flush=True)
        counts, failures = {}, []
    time.sleep(0.1)
