#!/usr/bin/env python3
"""A second client of the daemon, written from docs/protocol.md alone (DM-18). It speaks 1.0: a
daemon of a later 1.x serves it, and what that says beside is skipped.
    second_client.py SOCKET NAME < CONTENT     judges CONTENT as the file NAME
    second_client.py SOCKET --status           prints what the daemon says of itself

Prints the daemon's lines and the decision; exits with the verdict's exit code."""
import hashlib
import socket
import struct
import sys

MAGIC, MAJOR, MINOR = b"LYCHGATE", 1, 0
OFFERS, STATUS = 1, 2
HELLO, REFUSE, FACTS, READY, OBJECT, DATA, DONE = 0x01, 0x02, 0x10, 0x13, 0x16, 0x17, 0x19
PLAN, FINDING, RULE, LINE, VERDICT, OPTIONAL = 0x20, 0x23, 0x24, 0x25, 0x26, 0x80
CHECK_STDIN, SHA1, FILE, BLOB = 11, 1, 4, 1
FRAME, CHUNK = 1 << 20, 256 << 10
NO_ID = b"\x14" + bytes(20)


def text(data):
    return struct.pack(">I", len(data)) + data


class Daemon:
    def __init__(self, path):
        self.stream = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.stream.settimeout(15)
        self.stream.connect(path)

    def send(self, tag, body=b""):
        self.stream.sendall(struct.pack(">IB", len(body) + 1, tag) + body)

    def exactly(self, count):
        data = self.stream.recv(count, socket.MSG_WAITALL)
        if len(data) < count:
            raise EOFError("the daemon closed the connection")
        return data

    def receive(self):
        """The next frame that is known; what is optional and unknown is skipped."""
        while True:
            (length,) = struct.unpack(">I", self.exactly(4))
            if not 1 <= length <= FRAME - 4:
                raise ValueError("frame of %d" % length)
            frame = self.exactly(length)
            tag, body = frame[0], frame[1:]
            if tag == REFUSE:
                size = struct.unpack(">H", body[13:15])[0]
                raise SystemExit("refused (%d): %s" % (body[12], body[15:15 + size].decode()))
            if tag in (HELLO, PLAN, FINDING, RULE, LINE, VERDICT):
                return tag, body
            if not tag & OPTIONAL:
                raise ValueError("frame %#x" % tag)

    def hello(self, capabilities):
        build = b"second client"
        self.send(HELLO, MAGIC + struct.pack(">HHQH", MAJOR, MINOR, capabilities, len(build))
                  + build + struct.pack(">H", 0))
        tag, body = self.receive()
        assert tag == HELLO and body[:8] == MAGIC, "no Hello"
        assert struct.unpack(">H", body[8:10])[0] == MAJOR, "another major version"


def judge(daemon, name, content):
    daemon.hello(OFFERS)
    daemon.send(FACTS, bytes([CHECK_STDIN, SHA1, 0]) + text(b"") * 2 + b"\0" + bytes(4))
    daemon.send(READY)
    size = struct.pack(">Q", len(content))
    daemon.send(OBJECT, bytes([FILE, BLOB]) + NO_ID + size + text(name))
    for start in range(0, len(content), CHUNK):
        daemon.send(DATA, content[start:start + CHUNK])
    item = b"O" + bytes([BLOB]) + NO_ID[1:] + size + text(name)
    counts = struct.pack(">QQQQ", 0, 0, 1, len(content))
    daemon.send(DONE, counts + hashlib.sha256(item).digest())
    while True:
        tag, body = daemon.receive()
        if tag == LINE:
            print(body[4:].decode())
        elif tag == VERDICT:
            print(("", "allow", "indeterminate", "deny")[body[0]])
            return body[1]


def status(daemon):
    daemon.hello(STATUS)
    while True:
        try:
            print(daemon.receive()[1][4:].decode())
        except EOFError:
            return 0


if __name__ == "__main__":
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    if sys.argv[2] == "--status":
        sys.exit(status(Daemon(sys.argv[1])))
    sys.exit(judge(Daemon(sys.argv[1]), sys.argv[2].encode(), sys.stdin.buffer.read()))
