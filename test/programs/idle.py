# SPDX-License-Identifier: Apache-2.0
# Connects, says nothing for some seconds, then wants an echo: `idle.py HOST PORT SECONDS [greets]`.
import socket
import sys
import time

with socket.create_connection((sys.argv[1], int(sys.argv[2])), 10) as connection:
    if 'greets' in sys.argv:
        connection.recv(100)
    time.sleep(float(sys.argv[3]))
    connection.settimeout(20)
    connection.sendall(b'alive')
    data = b''
    while len(data) < 5:
        data += connection.recv(5) or b'ended'
    print(data.decode())
