# SPDX-License-Identifier: Apache-2.0
# Protocols of our own, both ends: `protocols.py serve TCP UDP DNS` (says "ready"), and `protocols.py ask HOST TCP UDP DNS
# [NAME]`, which prints a JSON object of what it saw. No packages needed.
import base64
import hashlib
import json
import os
import socket
import struct
import sys
import threading


def receive(connection, size):
    data = b''
    while len(data) < size:
        part = connection.recv(size - len(data))
        if not part:
            raise EOFError(f'{len(data)} of {size} bytes')
        data += part
    return data


# ---- TCP: the first line chooses -------------------------------------------------------------------------------------


def read_line(connection):
    line = b''
    while not line.endswith(b'\n'):
        line += receive(connection, 1)
    return line.decode().strip()


def serve_half_close(connection):
    """Reads to the end, and only then answers: what was read, many times."""
    digest, size = hashlib.sha256(), 0
    while data := connection.recv(65536):
        digest.update(data)
        size += len(data)
    connection.sendall(f'{size} {digest.hexdigest()}\n'.encode())
    for _ in range(1000):
        connection.sendall(digest.digest() * 100)


def serve_early_end(connection):
    """Ends its own direction first, and goes on reading, like a data connection of FTP."""
    connection.sendall(b'226 done\n')
    connection.shutdown(socket.SHUT_WR)
    while connection.recv(65536):
        pass


def serve_websocket(connection):
    headers = {}
    while line := read_line(connection):
        name, _, value = line.partition(':')
        headers[name.lower()] = value.strip()
    key = headers['sec-websocket-key'] + '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'
    accept = base64.b64encode(hashlib.sha1(key.encode()).digest()).decode()
    answer = f'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n'
    connection.sendall(answer.encode())
    while True:
        opcode, data = read_frame(connection)
        send_frame(connection, opcode, data)
        if opcode == 8:
            return


def read_frame(connection):
    first, second = receive(connection, 2)
    size = second & 127
    if size == 126:
        size = struct.unpack('>H', receive(connection, 2))[0]
    elif size == 127:
        size = struct.unpack('>Q', receive(connection, 8))[0]
    mask = receive(connection, 4) if second & 128 else None
    data = receive(connection, size)
    if mask:
        repeated = (mask * (size // 4 + 1))[:size]
        data = (int.from_bytes(data, 'big') ^ int.from_bytes(repeated, 'big')).to_bytes(size, 'big')
    return first & 15, data


def send_frame(connection, opcode, data, mask=None):
    size, flag = len(data), 128 if mask else 0
    head = bytes([128 | opcode])
    if size < 126:
        head += bytes([flag | size])
    elif size < 65536:
        head += bytes([flag | 126]) + struct.pack('>H', size)
    else:
        head += bytes([flag | 127]) + struct.pack('>Q', size)
    if mask:
        repeated = (mask * (size // 4 + 1))[:size]
        data = mask + (int.from_bytes(data, 'big') ^ int.from_bytes(repeated, 'big')).to_bytes(size, 'big')
    connection.sendall(head + data)


kinds = {
    'half-close': serve_half_close,
    'early-end': serve_early_end,
    'GET / HTTP/1.1': serve_websocket,
}


def serve_connection(connection):
    with connection:
        kinds[read_line(connection)](connection)


# ---- UDP and DNS -----------------------------------------------------------------------------------------------------


def bind_datagrams(port):
    """IPv4 comes as IPv6 addresses that hold it."""
    udp = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    udp.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    udp.bind(('', port))
    return udp


def datagrams_to(host):
    udp = socket.socket(socket.AF_INET6 if ':' in host else socket.AF_INET, socket.SOCK_DGRAM)
    udp.settimeout(5)
    return udp


def serve_datagrams(port):
    udp = bind_datagrams(port)
    udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
    while True:
        data, client = udp.recvfrom(65536)
        udp.sendto(data, client)


def name_end(query):
    at = 12
    while query[at]:
        at += query[at] + 1
    return at + 1


def dns_answer(query, most):
    """Of `big.*` forty addresses, which no datagram of 512 bytes has room for; of others one."""
    end = name_end(query)
    question = query[12 : end + 4]
    count = 40 if question[1:4] == b'big' else 1
    if struct.unpack('>H', query[end : end + 2])[0] != 1:
        count = 0
    records = b''.join(b'\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04' + bytes([192, 0, 2, i]) for i in range(count))
    size = 12 + len(question) + len(records)
    if size > most:
        return query[:2] + b'\x87\x80\x00\x01\x00\x00\x00\x00\x00\x00' + question
    return query[:2] + b'\x85\x80\x00\x01' + struct.pack('>H', count) + b'\x00\x00\x00\x00' + question + records


def serve_dns_udp(port):
    udp = bind_datagrams(port)
    while True:
        query, client = udp.recvfrom(4096)
        udp.sendto(dns_answer(query, 512), client)


def serve_dns_tcp(connection):
    with connection:
        query = receive(connection, struct.unpack('>H', receive(connection, 2))[0])
        answer = dns_answer(query, 65535)
        connection.sendall(struct.pack('>H', len(answer)) + answer)


def accept_all(port, handle):
    listener = socket.create_server(('', port), family=socket.AF_INET6, backlog=128, dualstack_ipv6=True)
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=handle, args=(connection,), daemon=True).start()


def serve(tcp, udp, dns):
    for target, args in (
        (accept_all, (tcp, serve_connection)),
        (serve_datagrams, (udp,)),
        (serve_dns_udp, (dns,)),
    ):
        threading.Thread(target=target, args=args, daemon=True).start()
    print('ready', flush=True)
    accept_all(dns, serve_dns_tcp)


# ---- the client ------------------------------------------------------------------------------------------------------


def open_kind(host, port, kind):
    connection = socket.create_connection((host, port), 20)
    connection.sendall(kind.encode() + b'\n')
    return connection


def ask_half_close(host, port):
    data = os.urandom(3_000_000)
    with open_kind(host, port, 'half-close') as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        size, digest = read_line(connection).split()
        rest = b''
        while part := connection.recv(65536):
            rest += part
    return int(size) == len(data) and digest == hashlib.sha256(data).hexdigest() and len(rest) == 3_200_000


def ask_early_end(host, port):
    with open_kind(host, port, 'early-end') as connection:
        first = read_line(connection)
        ended = connection.recv(1) == b''
        connection.sendall(b'x' * 2_000_000)
    return first == '226 done' and ended


def ask_websocket(host, port):
    with open_kind(host, port, 'GET / HTTP/1.1') as connection:
        head = f'Host: server\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: c2FtcGFuIHRlc3Qga2V5IQ==\r\n\r\n'
        connection.sendall(head.encode())
        if ' 101 ' not in read_line(connection):
            return False
        while read_line(connection):
            pass
        for size in (0, 1, 125, 126, 65535, 65536, 700_000):
            data = os.urandom(size)
            send_frame(connection, 2, data, b'\x01\x02\x03\x04')
            if read_frame(connection) != (2, data):
                return False
        send_frame(connection, 8, b'', b'\x01\x02\x03\x04')
        return read_frame(connection)[0] == 8


def ask_datagrams(host, port):
    """Packets as QUIC sends them, eight on the way at a time: all have to come back, once each, as they were."""
    with datagrams_to(host) as udp:
        udp.connect((host, port))
        for size in (1200, 1252, 1350, 1452):
            for first in range(0, 400, 8):
                sent = {struct.pack('>I', i) + bytes(size - 4) for i in range(first, first + 8)}
                for data in sent:
                    udp.send(data)
                for _ in range(8):
                    sent.remove(udp.recv(65536))
    return True


def dns_query(name):
    labels = b''.join(bytes([len(label)]) + label.encode() for label in name.split('.'))
    return b'\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00' + labels + b'\x00\x00\x01\x00\x01'


def ask_dns(host, port):
    with datagrams_to(host) as udp:
        udp.sendto(dns_query('small.example'), (host, port))
        small = udp.recv(4096)
        udp.sendto(dns_query('big.example'), (host, port))
        cut = udp.recv(4096)
    with socket.create_connection((host, port), 20) as tcp:
        query = dns_query('big.example')
        tcp.sendall(struct.pack('>H', len(query)) + query)
        whole = receive(tcp, struct.unpack('>H', receive(tcp, 2))[0])
    return small[7] == 1 and bool(cut[2] & 2) and whole[7] == 40


def ask_resolver():
    """Through the resolver of the system: UDP, and TCP when the answer is cut."""
    found = {info[4][0] for info in socket.getaddrinfo('big.example', 80, socket.AF_INET, socket.SOCK_STREAM)}
    return len(found)


def main():
    if sys.argv[1] == 'serve':
        serve(*map(int, sys.argv[2:5]))
    if sys.argv[1] == 'resolve':
        print(ask_resolver())
        return
    host, tcp, udp, dns = sys.argv[2], *map(int, sys.argv[3:6])
    seen = {
        'half-close': ask_half_close(host, tcp),
        'early end': ask_early_end(host, tcp),
        'websocket': ask_websocket(host, tcp),
        'datagrams': ask_datagrams(host, udp),
        'DNS': ask_dns(host, dns),
    }
    print(json.dumps(seen))


main()
