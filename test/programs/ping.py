# SPDX-License-Identifier: Apache-2.0
# `ping.py ADDRESS`: one echo request from a ping socket (icmp(7)); says "answered", "silence" or the error's name.
import errno
import socket
import sys

address = sys.argv[1]
is_v6 = ':' in address
family, protocol = (socket.AF_INET6, socket.IPPROTO_ICMPV6) if is_v6 else (socket.AF_INET, socket.IPPROTO_ICMP)
request, reply = (128, 129) if is_v6 else (8, 0)
payload = b'sampan' * 10
try:
    with socket.socket(family, socket.SOCK_DGRAM, protocol) as ping:
        ping.settimeout(8)
        # as ping(8): every error counts, not only those that end a connection
        ping.setsockopt(*((socket.IPPROTO_IPV6, 25) if is_v6 else (socket.IPPROTO_IP, 11)), 1)
        ping.connect((address, 0))
        # the kernel puts checksum and identifier in
        ping.send(bytes([request, 0, 0, 0, 0, 0, 0, 1]) + payload)
        answer = ping.recv(4096)
        print('answered' if answer[0] == reply and answer[8:] == payload else answer)
except socket.timeout:
    print('silence')
except OSError as error:
    print(errno.errorcode[error.errno])
