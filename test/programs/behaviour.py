# SPDX-License-Identifier: Apache-2.0
# What a program sees of the network's failures: `behaviour.py serve FIRST_PORT` on one machine (says "ready"), and
# `behaviour.py see HOST FIRST_PORT` elsewhere, which prints a JSON object: for each case the answer of the system calls,
# by name. The same program inside a container and outside of it has to print the same.
import errno
import json
import socket
import struct
import sys
import threading
import time

patience = 3


def name_of(error):
    if isinstance(error, socket.timeout):
        return 'silence'
    return errno.errorcode.get(error.errno, str(error))


# ---- the server: one port for each case ------------------------------------------------------------------------------


def reset(connection):
    connection.recv(1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
    connection.close()


def end_then_listen(connection):
    connection.shutdown(socket.SHUT_WR)
    total = 0
    while data := connection.recv(65536):
        total += len(data)
    connection.close()


def close_unread(connection):
    time.sleep(0.3)
    connection.close()


def echo(connection):
    while data := connection.recv(65536):
        connection.sendall(data)
    connection.close()


def answer_after_end(connection):
    total = 0
    while data := connection.recv(65536):
        total += len(data)
    connection.sendall(str(total).encode())
    connection.close()


handlers = (reset, end_then_listen, close_unread, echo, answer_after_end)
full = len(handlers)
nobody = full + 1


def accept_all(listener, handle):
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=handle, args=(connection,), daemon=True).start()


def serve(first):
    for index, handle in enumerate(handlers):
        listener = socket.create_server(('', first + index), backlog=64)
        threading.Thread(target=accept_all, args=(listener, handle), daemon=True).start()
    # full: nobody accepts, and the queue has no room, so that further SYNs are dropped
    silent = socket.socket()
    silent.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    silent.bind(('', first + full))
    silent.listen(0)
    fillers = [socket.socket() for _ in range(2)]
    for filler in fillers:
        filler.setblocking(False)
        filler.connect_ex(('127.0.0.1', first + full))
    print('ready', flush=True)
    threading.Event().wait()


# ---- what is seen ----------------------------------------------------------------------------------------------------


def connect(host, port):
    return socket.create_connection((host, port), patience)


def attempt(work):
    try:
        return work()
    except OSError as error:
        return name_of(error)


def after_reset(host, port):
    connection = connect(host, port)
    connection.sendall(b'x')
    read = attempt(lambda: connection.recv(10) and 'data')
    first = attempt(lambda: connection.send(b'x') and 'sent')
    return [read, first, attempt(lambda: connection.recv(10) == b'' and 'end')]


def after_end(host, port):
    connection = connect(host, port)
    ended = attempt(lambda: connection.recv(10) == b'' and 'end')
    sent = attempt(lambda: connection.sendall(b'x' * 300_000) or 'sent')
    connection.shutdown(socket.SHUT_WR)
    return [ended, sent, attempt(lambda: connection.recv(10) == b'' and 'end')]


def unread_at_close(host, port):
    connection = connect(host, port)
    connection.sendall(b'x' * 1000)
    read = attempt(lambda: connection.recv(10) == b'' and 'end')
    time.sleep(0.2)
    return [read, attempt(lambda: connection.send(b'x') and 'sent')]


def keep_alive(host, port):
    connection = connect(host, port)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in ((socket.TCP_KEEPIDLE, 1), (socket.TCP_KEEPINTVL, 1), (socket.TCP_KEEPCNT, 2)):
        connection.setsockopt(socket.IPPROTO_TCP, option, value)
    time.sleep(4)
    connection.sendall(b'still')
    return attempt(lambda: connection.recv(10).decode())


def half_closed(host, port):
    connection = connect(host, port)
    connection.sendall(b'x' * 100_000)
    connection.shutdown(socket.SHUT_WR)
    return attempt(lambda: connection.recv(100).decode())


def pipe_after_shutdown(host, port):
    connection = connect(host, port)
    connection.shutdown(socket.SHUT_WR)
    return attempt(lambda: connection.send(b'x') and 'sent')


def udp_nobody(host, port):
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.settimeout(patience)
    udp.connect((host, port))
    udp.send(b'x')
    return attempt(lambda: udp.recv(10) and 'data')


def see(host, first):
    network = host.rsplit('.', 1)[0]
    missing = f'{network}.77'
    cases = {
        'nobody listens': lambda: attempt(lambda: connect(host, first + nobody) and 'connected'),
        'the queue is full': lambda: attempt(lambda: connect(host, first + full) and 'connected'),
        'no such host': lambda: attempt(lambda: socket.create_connection((missing, 80), 8) and 'connected'),
        'an unreachable network': lambda: attempt(lambda: connect('203.0.113.9', 80) and 'connected'),
        'a reset': lambda: after_reset(host, first),
        'the other end only': lambda: after_end(host, first + 1),
        'closed with data unread': lambda: unread_at_close(host, first + 2),
        'keep-alive': lambda: keep_alive(host, first + 3),
        'our end only': lambda: half_closed(host, first + 4),
        'sent after our end': lambda: pipe_after_shutdown(host, first + 4),
        'UDP, nobody listens': lambda: udp_nobody(host, first + nobody),
    }
    seen = {}

    def look(title, work):
        seen[title] = attempt(work)

    threads = [threading.Thread(target=look, args=case) for case in cases.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(json.dumps(seen, sort_keys=True))


if sys.argv[1] == 'serve':
    serve(int(sys.argv[2]))
see(sys.argv[2], int(sys.argv[3]))
