# SPDX-License-Identifier: Apache-2.0
# Bulk data with its sum. `transfer.py serve PORT` (says "ready"); a client says what it wants in a line: `put SIZE`, then
# sends SIZE bytes and gets their sum, or `get SIZE`, and gets SIZE bytes and then their sum. `transfer.py move HOST PORT
# SIZE COUNT` does both COUNT times at once and prints how many were right. `transfer.py kill HOST PORT COUNT` opens COUNT
# connections with data on its way in both directions, and resets them; `transfer.py hold HOST PORT COUNT` holds them
# until their server goes, and prints how many of them saw it.
import hashlib
import random
import socket
import struct
import sys
import threading

block = bytes(random.randbytes(65536))


def blocks(size):
    while size > 0:
        yield block[: min(size, len(block))]
        size -= len(block)


def read_line(connection):
    line = b''
    while not line.endswith(b'\n'):
        byte = connection.recv(1)
        if not byte:
            raise EOFError('ended')
        line += byte
    return line.decode().split()


def take(connection, size):
    digest = hashlib.sha256()
    while size > 0:
        data = connection.recv(min(size, 1 << 18))
        if not data:
            raise EOFError(f'{size} bytes are missing')
        digest.update(data)
        size -= len(data)
    return digest.hexdigest()


def give(connection, size):
    digest = hashlib.sha256()
    for data in blocks(size):
        digest.update(data)
        connection.sendall(data)
    return digest.hexdigest()


def handle(connection):
    try:
        with connection:
            verb, size = read_line(connection)
            digest = (take if verb == 'put' else give)(connection, int(size))
            connection.sendall(f'{digest}\n'.encode())
    except (OSError, EOFError, ValueError):
        pass


def serve(port):
    listener = socket.create_server(('', port), backlog=512)
    print('ready', flush=True)
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=handle, args=(connection,), daemon=True).start()


def one(host, port, verb, size):
    with socket.create_connection((host, port), 60) as connection:
        # where a fifth is lost, TCP itself waits for minutes now and then
        connection.settimeout(900)
        connection.sendall(f'{verb} {size}\n'.encode())
        digest = (give if verb == 'put' else take)(connection, size)
        return read_line(connection) == [digest]


def move(host, port, size, count):
    right = []

    def work(verb):
        try:
            if one(host, port, verb, size):
                right.append(verb)
            else:
                print(f'{verb}: another sum')
        except (OSError, EOFError) as error:
            print(f'{verb}: {error!r}')

    threads = [threading.Thread(target=work, args=(verb,)) for _ in range(count) for verb in ('put', 'get')]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(len(right))


def open_many(host, port, count):
    connections = []
    for index in range(count):
        connection = socket.create_connection((host, port), 60)
        connection.sendall(f'{"put" if index % 2 else "get"} 1000000000\n'.encode())
        connection.settimeout(60)
        connections.append(connection)
    return connections


def kill(host, port, count):
    for connection in open_many(host, port, count):
        if random.random() < 0.5:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
        connection.close()
    print('closed')


def hold(host, port, count):
    connections = open_many(host, port, count)
    print('holding', flush=True)
    gone = 0
    for connection in connections:
        try:
            while connection.recv(1 << 18):
                pass
            gone += 1
        except socket.timeout:
            pass
        except OSError:
            gone += 1
    print(gone)


if sys.argv[1] == 'serve':
    serve(int(sys.argv[2]))
host, port, rest = sys.argv[2], int(sys.argv[3]), [int(word) for word in sys.argv[4:]]
{'move': move, 'kill': kill, 'hold': hold}[sys.argv[1]](host, port, *rest)
