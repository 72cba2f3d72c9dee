"""What the guest of the soak talks to: servers on loopback, on ports of the system's choice.

A connection begins with a line that says what is to happen on it: KIND SIZE NUMBER.
"""

import hashlib
import json
import socket
import struct
import sys
import threading

from content import pieces


def take_all(stream, connection, size, number):
    """Takes everything, and says what it was."""
    digest = hashlib.sha256()
    while data := stream.read1(65_536):
        digest.update(data)
    connection.sendall(digest.digest())


def give(stream, connection, size, number):
    for piece in pieces(number, size):
        connection.sendall(piece)


def both(stream, connection, size, number):
    """Gives and takes at the same time; then says what was taken."""

    def give_if_taken():
        try:
            give(stream, connection, size, number)
        except OSError:
            pass  # guests break off

    giving = threading.Thread(target=give_if_taken)
    giving.start()
    digest = hashlib.sha256()
    while data := stream.read1(65_536):
        digest.update(data)
    giving.join()
    connection.sendall(digest.digest())


def give_after_end(stream, connection, size, number):
    """Waits for the client's end first: the other half stays open."""
    if stream.read() != b"":
        raise ValueError("more than was said")
    give(stream, connection, size, number)


def echo(stream, connection, size, number):
    while data := stream.read1(65_536):
        connection.sendall(data)


def break_off(stream, connection, size, number):
    give(stream, connection, size, number)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


KINDS = {"up": take_all, "down": give, "both": both, "half": give_after_end, "echo": echo, "reset": break_off}


def serve(connection):
    with connection, connection.makefile("rb") as stream:
        try:
            kind, size, number = stream.readline().split()
            KINDS[kind.decode()](stream, connection, int(size), int(number))
        except (OSError, ValueError):
            return  # guests break off


def accept(listener):
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=serve, args=(connection,), daemon=True).start()


def echo_datagrams(own):
    while True:
        data, sender = own.recvfrom(65_536)
        own.sendto(data, sender)


def answer_names(own):
    """Any name has the address that its first label says in hexadecimal."""
    while True:
        query, sender = own.recvfrom(4096)
        end = query.index(b"\0", 12) + 5
        address = bytes.fromhex(query[13:21].decode())
        answer = b"\xc0\x0c\0\1\0\1\0\0\0\0\0\4" + address
        own.sendto(query[:2] + b"\x81\x80\0\1\0\1\0\0\0\0" + query[12:end] + answer, sender)


def start(kind, service, host):
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    own = socket.socket(family, kind)
    own.bind((host, 0))
    if kind == socket.SOCK_STREAM:
        own.listen(1024)
    threading.Thread(target=service, args=(own,), daemon=True).start()
    return own.getsockname()[1]


ports = {}
for version, host in (("4", "127.0.0.1"), ("6", "::1")):
    ports["tcp" + version] = start(socket.SOCK_STREAM, accept, host)
    ports["udp" + version] = start(socket.SOCK_DGRAM, echo_datagrams, host)
ports["names"] = start(socket.SOCK_DGRAM, answer_names, "127.0.0.1")
closed = socket.socket()
closed.bind(("127.0.0.1", 0))  # bound, and nobody listens
ports["closed"] = closed.getsockname()[1]
print(json.dumps(ports), flush=True)
sys.stdin.read()  # until who has started this goes
