# SPDX-License-Identifier: Apache-2.0
# Runs in a container. TCP 7000 (or $ECHO_PORT): the first line is the client's address, then what it sends comes back
# until it ends; its connection is ended after that. UDP, the same port: the client's address and the datagram's size.
# Says "ready" when it listens.
import os
import socket
import threading


def serve(connection, client):
    with connection:
        connection.sendall((client[0] + '\n').encode())
        while data := connection.recv(65536):
            connection.sendall(data)


def answer(datagrams):
    while True:
        data, client = datagrams.recvfrom(65536)
        datagrams.sendto(f'{client[0]} {len(data)}'.encode(), client)


port = int(os.environ.get('ECHO_PORT', '7000'))
listener = socket.create_server(('', port), backlog=128)
datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
datagrams.bind(('', port))
threading.Thread(target=answer, args=(datagrams,), daemon=True).start()
print('ready', flush=True)
while True:
    threading.Thread(target=serve, args=listener.accept(), daemon=True).start()
