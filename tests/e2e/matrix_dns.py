"""A name server on 127.0.0.1:53 that goes wrong in the way that the name asks for:
HANG.test never answers, SLOW.test after 1 s, SERVFAIL.test, GARBAGE.test, CLOSE.test (an
answer of one byte), LONG.test (an answer of 4 KiB); any other name does not exist."""
import socket
import struct
import threading


def answer(query, name):
    head = query[:2]
    question = query[12:]
    if name == "slow":
        address = struct.pack(">HHHIH4s", 0xC00C, 1, 1, 1, 4, socket.inet_aton("127.0.0.1"))
        is_v4 = question[question.index(b"\0") + 1:][:2] == b"\0\1"
        return head + struct.pack(">HHHHH", 0x8180, 1, is_v4, 0, 0) + question + (address if is_v4 else b"")
    if name == "garbage":
        return b"\x16\x03\x01nonsense"
    if name == "close":
        return b"\0"
    if name == "long":
        return head + b"\xff" * 4096
    code = 2 if name == "servfail" else 3
    return head + struct.pack(">HHHHH", 0x8180 | code, 1, 0, 0, 0) + question


server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("127.0.0.1", 53))
while True:
    query, peer = server.recvfrom(4096)
    length = query[12]
    name = query[13:13 + length].decode("ascii", "replace").lower()
    if name == "hang":
        continue
    threading.Timer(1 if name == "slow" else 0, server.sendto, (answer(query, name), peer)).start()
