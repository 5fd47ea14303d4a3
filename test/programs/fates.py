# SPDX-License-Identifier: Apache-2.0
# Transfers whose ends are killed: `fates.py serve PORT` (says "ready") has a process for each connection; `fates.py run
# HOST PORT SIZE COUNT` opens COUNT connections at once, each in a process of its own. A third of them transfers SIZE bytes
# and compares sums, of a third the process here gets SIGKILL somewhere in between, of a third the server's. Prints how
# many ended as they had to, and how many processes of the server have not noticed.
import hashlib
import os
import random
import signal
import socket
import sys
import time

block = random.randbytes(65536)
never = -1
patience = 120


class Mortal:
    """Counts bytes, and kills its process when there were enough."""

    def __init__(self, dies):
        self.left, self.digest = dies, hashlib.sha256()

    def saw(self, data):
        self.digest.update(data)
        if self.left != never:
            self.left = max(0, self.left - len(data))
            if self.left == 0:
                os.kill(os.getpid(), signal.SIGKILL)


def read_line(connection):
    line = b''
    while not line.endswith(b'\n'):
        byte = connection.recv(1)
        if not byte:
            raise EOFError('ended')
        line += byte
    return line.decode().split()


def take(connection, size, mortal):
    while size > 0:
        data = connection.recv(min(size, 1 << 16))
        if not data:
            raise EOFError(f'{size} bytes are missing')
        size -= len(data)
        mortal.saw(data)
    return mortal.digest.hexdigest()


def give(connection, size, mortal):
    while size > 0:
        data = block[: min(size, len(block))]
        connection.sendall(data)
        size -= len(data)
        mortal.saw(data)
    return mortal.digest.hexdigest()


# ---- the server ------------------------------------------------------------------------------------------------------


def siblings():
    parent = os.getppid()
    with open(f'/proc/{parent}/task/{parent}/children', encoding='ascii') as children:
        return len(children.read().split()) - 1


def answer(connection):
    verb, size, dies = read_line(connection)
    if verb == 'siblings':
        connection.sendall(f'{siblings()}\n'.encode())
        return
    digest = (take if verb == 'put' else give)(connection, int(size), Mortal(int(dies)))
    connection.sendall(f'{digest}\n'.encode())


def serve(port):
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    listener = socket.create_server(('', port), backlog=512)
    print('ready', flush=True)
    while True:
        connection, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            try:
                answer(connection)
            except (OSError, EOFError):
                pass
            connection.close()
            os._exit(0)
        connection.close()


# ---- the clients -----------------------------------------------------------------------------------------------------


def connect(host, port):
    connection = socket.create_connection((host, port), patience)
    connection.settimeout(patience)
    return connection


def client(host, port, verb, size, here, there):
    """Whether it went as it had to."""
    with connect(host, port) as connection:
        connection.sendall(f'{verb} {size} {there}\n'.encode())
        try:
            digest = (give if verb == 'put' else take)(connection, size, Mortal(here))
            same = read_line(connection) == [digest]
        except socket.timeout:
            return False
        except (OSError, EOFError):
            return there != never
        return there == never and same


def run(host, port, size, count):
    expected = {}
    for index in range(count):
        dies = random.randrange(1, size)
        here, there = ((never, never), (dies, never), (never, dies))[index % 3]
        verb = ('put', 'get')[index // 3 % 2]
        pid = os.fork()
        if pid == 0:
            os._exit(0 if client(host, port, verb, size, here, there) else 1)
        expected[pid] = 0 if here == never else signal.SIGKILL
    right = sum(os.waitpid(pid, 0)[1] == status for pid, status in expected.items())
    print(f'{right} as they had to, {unaware(host, port)} unaware')


def unaware(host, port):
    for _ in range(100):
        with connect(host, port) as connection:
            connection.sendall(b'siblings 0 0\n')
            count = int(read_line(connection)[0])
        if count == 0:
            break
        time.sleep(0.2)
    return count


if sys.argv[1] == 'serve':
    serve(int(sys.argv[2]))
run(sys.argv[2], *map(int, sys.argv[3:6]))
