"""The guest of the soak: random traffic of every kind, in rounds.

After each round all is closed; it says what it has seen, and waits for the word.

    guest.py SEED PORTS CONTROL-PORT
"""

import collections
import hashlib
import json
import os
import random
import socket
import struct
import sys
import threading
import time

from content import pieces

SEED, PORTS, CONTROL = int(sys.argv[1]), json.loads(sys.argv[2]), int(sys.argv[3])
HOSTS = {"4": "10.0.2.2", "6": "fd00::2"}
NAME_SERVERS = {"4": "10.0.2.3", "6": "fd00::3"}
WORKERS, ROUND = 8, 10
PATIENCE = 30


class Wrong(Exception):
    """Something came otherwise than it was sent."""


def expect(condition, what):
    if not condition:
        raise Wrong(what)


def open_stream(dice, kind, size, number):
    version = dice.choice("46")
    connection = socket.create_connection((HOSTS[version], PORTS["tcp" + version]), timeout=PATIENCE)
    connection.sendall(b"%s %d %d\n" % (kind.encode(), size, number))
    return connection


def send(connection, number, size):
    digest = hashlib.sha256()
    for piece in pieces(number, size):
        digest.update(piece)
        connection.sendall(piece)
    connection.shutdown(socket.SHUT_WR)
    return digest.digest()


def receive(connection, pause=0.0):
    received = bytearray()
    while data := connection.recv(65_536):
        received += data
        if pause:
            time.sleep(pause)
    return bytes(received)


def some_size(dice):
    return int(2 ** dice.uniform(0, 23))


def up(dice, count):
    size, number = some_size(dice), dice.getrandbits(32)
    with open_stream(dice, "up", size, number) as connection:
        digest = send(connection, number, size)
        expect(receive(connection) == digest, "up: %d bytes" % size)
    count["bytes"] += size


def down(dice, count):
    size, number = some_size(dice), dice.getrandbits(32)
    kind = dice.choice(["down", "half"])
    with open_stream(dice, kind, size, number) as connection:
        if kind == "half":
            connection.shutdown(socket.SHUT_WR)
        pause = dice.choice([0, 0, 0, 0.001])
        expect(receive(connection, pause) == b"".join(pieces(number, size)), "%s: %d bytes" % (kind, size))
    count["bytes"] += size


def both(dice, count):
    size, number = some_size(dice), dice.getrandbits(32)
    digests = []
    with open_stream(dice, "both", size, number) as connection:
        sending = threading.Thread(target=lambda: digests.append(send(connection, number + 1, size)))
        sending.start()
        received = receive(connection)
        sending.join()
        expect(digests, "both: sending failed")
        expect(received == b"".join(pieces(number, size)) + digests[0], "both: %d bytes" % size)
    count["bytes"] += 2 * size


def requests(dice, count):
    with open_stream(dice, "echo", 0, 0) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for _ in range(dice.randint(1, 50)):
            data = dice.randbytes(dice.randint(1, 1400))
            connection.sendall(data)
            received = b""
            while len(received) < len(data) and (piece := connection.recv(len(data) - len(received))):
                received += piece
            expect(received == data, "echo of %d bytes" % len(data))


def break_off(dice, count):
    """Resets, amid whatever is going on."""
    kind = dice.choice(["up", "down", "echo", "both"])
    with open_stream(dice, kind, some_size(dice), 1) as connection:
        if dice.random() < 0.5:
            connection.settimeout(0.05)
            try:
                connection.sendall(bytes(some_size(dice)))
            except OSError:
                pass  # it takes too long, or the server has gone first
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def be_broken_off(dice, count):
    size = some_size(dice)
    with open_stream(dice, "reset", size, 7) as connection:
        received = 0
        try:
            while data := connection.recv(65_536):
                received += len(data)
            raise Wrong("an orderly end instead of a reset")
        except ConnectionResetError:
            expect(received <= size, "more than was sent")


def be_refused(dice, count):
    try:
        socket.create_connection((HOSTS["4"], PORTS["closed"]), timeout=PATIENCE).close()
    except ConnectionRefusedError:
        return
    raise Wrong("a connection to nobody")


def datagrams(dice, count):
    version = dice.choice("46")
    with socket.socket(socket.AF_INET6 if version == "6" else socket.AF_INET, socket.SOCK_DGRAM) as own:
        own.connect((HOSTS[version], PORTS["udp" + version]))
        for _ in range(dice.randint(1, 50)):
            ask(own, dice.randbytes(dice.choice([0, 1, 1200, 9000])), count, lambda sent, came: came == sent)


def names(dice, count):
    version = dice.choice("46")
    with socket.socket(socket.AF_INET6 if version == "6" else socket.AF_INET, socket.SOCK_DGRAM) as own:
        own.connect((NAME_SERVERS[version], 53))
        for _ in range(dice.randint(1, 10)):
            address = dice.randbytes(4)
            label = address.hex().encode()
            query = dice.randbytes(2) + b"\1\0\0\1\0\0\0\0\0\0\x08" + label + b"\7example\0\0\1\0\1"
            ask(own, query, count, lambda sent, came: came[:2] == sent[:2] and came[-4:] == address)


def pings(dice, count):
    """The gateway answers by itself."""
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as own:
        own.connect((HOSTS["4"], 0))
        identifier, data = dice.getrandbits(16), dice.randbytes(2 * dice.randint(0, 500))
        words = [0x0800, 0, identifier, 1, *struct.unpack("!%dH" % (len(data) // 2), data)]
        total = sum(words)
        while total > 0xFFFF:
            total = (total & 0xFFFF) + (total >> 16)
        words[1] = total ^ 0xFFFF
        ask(own, struct.pack("!%dH" % len(words), *words), count, lambda sent, came: came[20] == 0 and came[24:] == sent[4:], lambda sent, came: came[24:26] == sent[4:6])


def ask(own, data, count, is_right, is_mine=lambda sent, came: True):
    """Datagrams may be lost, which is counted; what comes has to be right."""
    own.settimeout(2)
    own.send(data)
    try:
        while not is_mine(data, came := own.recv(65_536)):
            pass
    except TimeoutError:
        count["lost"] += 1
        return
    expect(is_right(data, came), "datagram of %d bytes" % len(data))
    count["datagrams"] += 1


KINDS = [up, down, both, requests, break_off, be_broken_off, be_refused, datagrams, names, pings]


def work(dice, end, count):
    while time.monotonic() < end:
        kind = dice.choice(KINDS)
        try:
            kind(dice, count)
        except Exception as error:
            count["wrong"] += 1
            print("%s: %s: %s" % (kind.__name__, type(error).__name__, error), file=sys.stderr, flush=True)
        count["flows"] += 1


dice = random.Random(SEED)
with socket.create_connection((HOSTS["4"], CONTROL)) as control, control.makefile("r") as words:
    while True:
        counts = [collections.Counter() for _ in range(WORKERS)]
        end = time.monotonic() + ROUND
        workers = [threading.Thread(target=work, args=(random.Random(dice.getrandbits(64)), end, count)) for count in counts]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        control.sendall(json.dumps(sum(counts, collections.Counter())).encode() + b"\n")
        if words.readline() != "on\n":
            break
