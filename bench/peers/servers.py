"""The world outside of the guests: small servers on loopback, a process each."""

import os
import resource
import select
import socket
import time

ECHO, CLOSING, DATAGRAMS = 7001, 7002, 7003


def listen(port):
    listener = socket.socket(socket.AF_INET6)
    listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("::", port))
    listener.listen(4096)
    listener.setblocking(False)
    return listener


def serve(listener, take, others=()):
    """Accepts whatever comes; `take` gets what a connection has said, and says whether it goes on."""
    poll, connections = select.epoll(), {}
    poll.register(listener, select.EPOLLIN)
    for descriptor in others:
        poll.register(descriptor, select.EPOLLIN)
    while True:
        for descriptor, _ in poll.poll():
            if descriptor in others:
                others[descriptor]()
            elif descriptor == listener.fileno():
                try:
                    connection = listener.accept()[0]
                except OSError:
                    continue
                connection.setblocking(False)
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                connections[connection.fileno()] = connection
                poll.register(connection, select.EPOLLIN)
            else:
                connection = connections[descriptor]
                try:
                    data = connection.recv(65536)
                    goes_on = data != b"" and take(connection, data)
                except OSError:
                    goes_on = False
                if not goes_on:
                    poll.unregister(descriptor)
                    connections.pop(descriptor).close()


def echo():
    serve(listen(ECHO), lambda connection, data: connection.send(data) > 0)


def closing():
    """Answers and ends, as a server of HTTP/1.0 does."""

    def take(connection, data):
        connection.send(data)
        return False

    serve(listen(CLOSING), take)


def datagrams():
    """Counts datagrams, or sends them as fast as it can to who asks."""
    own = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    own.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    own.bind(("::", DATAGRAMS))
    own.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    own.setblocking(False)
    buffer, received = bytearray(65536), 0

    def drain():
        nonlocal received
        try:
            while True:
                length, sender = own.recvfrom_into(buffer)
                received += 1
                if 2 < length < 12:
                    flood(sender, *bytes(buffer[:length]).split())
        except BlockingIOError:
            pass

    def flood(to, seconds, size):
        data, end = bytes(int(size)), time.perf_counter() + int(seconds)
        own.setblocking(True)
        while time.perf_counter() < end:
            for _ in range(32):
                own.sendto(data, to)
        own.setblocking(False)

    def take(connection, data):
        nonlocal received
        if data == b"S":
            received = 0
            connection.send(b"k")
        else:
            connection.send(b"%d" % received)
        return True

    serve(listen(DATAGRAMS), take, {own.fileno(): drain})


hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
for service in (echo, closing):
    if os.fork() == 0:
        service()
datagrams()
