"""What is done inside a guest: reads orders from standard input, one JSON object a line, and answers each with one."""

import json
import os
import resource
import select
import socket
import subprocess
import sys
import time

IPERF, ECHO, CLOSING, DATAGRAMS = 5201, 7001, 7002, 7003

held = []


def connect(host, port):
    connection = socket.create_connection((host, port), timeout=10)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def facts(host):
    return {"namespace": os.readlink("/proc/self/ns/net"), "pid": os.getpid()}


def open_one(host):
    """A connection whose other half shows who has made it."""
    connection = connect(host, ECHO)
    connection.sendall(b"x")
    connection.recv(1)
    held.append(connection)
    return {}


def iperf(host, seconds, streams, reverse):
    words = ["iperf3", "-c", host, "-p", str(IPERF), "-t", str(seconds), "-P", str(streams), "-J", "--connect-timeout", "5000"]
    return subprocess.Popen(words + (["-R"] if reverse else []), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)


def result_of(process, seconds):
    try:
        text, _ = process.communicate(timeout=seconds + 6)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise
    report = json.loads(text)
    if "error" in report:
        raise OSError("iperf3: " + report["error"])
    received = report["end"]["sum_received"]
    return {"bytes": received["bytes"], "bitsPerSecond": received["bits_per_second"]}


def bulk(host, seconds, streams, reverse):
    return result_of(iperf(host, seconds, streams, reverse), seconds)


def exchange(host, seconds):
    """One byte there and back, again and again: times in microseconds."""
    times = []
    with connect(host, ECHO) as connection:
        end = time.perf_counter_ns() + seconds * 1_000_000_000
        while True:
            start = time.perf_counter_ns()
            if start > end:
                break
            connection.sendall(b"x")
            if connection.recv(1) != b"x":
                raise OSError("the echo is another")
            times.append(time.perf_counter_ns() - start)
    times.sort()
    return {"p50": times[len(times) // 2] / 1000, "p99": times[len(times) * 99 // 100] / 1000}


def ping(host, seconds, beside):
    if beside == "nothing":
        return exchange(host, seconds)
    flow = iperf(host, seconds + 1, 1, beside == "down")
    time.sleep(0.4)
    try:
        times = exchange(host, seconds)
    finally:
        result_of(flow, seconds)
    return times


def once(host):
    with connect(host, CLOSING) as connection:
        connection.sendall(b"x")
        if connection.recv(2) != b"x" or connection.recv(2) != b"":
            raise OSError("the answer is another")


def connections(host, seconds, atOnce):
    start = time.perf_counter()
    end, done = start + seconds, 0
    if atOnce == 1:
        while time.perf_counter() < end:
            once(host)
            done += 1
    else:
        done = many(host, end, atOnce)
    return {"perSecond": done / (time.perf_counter() - start)}


def many(host, end, at_once):
    poll, waiting, done = select.epoll(), {}, 0
    address = socket.getaddrinfo(host, CLOSING, type=socket.SOCK_STREAM)[0]

    def begin():
        connection = socket.socket(address[0])
        connection.setblocking(False)
        connection.connect_ex(address[4])
        waiting[connection.fileno()] = connection
        poll.register(connection, select.EPOLLOUT)

    for _ in range(at_once):
        begin()
    last = time.perf_counter()
    while waiting:
        now = time.perf_counter()
        if now > last + 10:
            raise OSError("connections stand still")
        for descriptor, events in poll.poll(1):
            last = now
            connection = waiting[descriptor]
            if events & select.EPOLLOUT:
                connection.send(b"x")
                poll.modify(descriptor, select.EPOLLIN)
            elif connection.recv(2) == b"":
                done += 1
                poll.unregister(descriptor)
                waiting.pop(descriptor).close()
                if now < end:
                    begin()
    return done


def datagrams(host, seconds, size, reverse):
    address = socket.getaddrinfo(host, DATAGRAMS, type=socket.SOCK_DGRAM)[0]
    own = socket.socket(address[0], socket.SOCK_DGRAM)
    own.connect(address[4])
    received = receive_flood(own, seconds, size) if reverse else send_flood(own, host, seconds, size)
    own.close()
    return {"perSecond": received / seconds}


def send_flood(own, host, seconds, size):
    with connect(host, DATAGRAMS) as control:
        control.sendall(b"S")
        control.recv(1)
        data, end = bytes(size), time.perf_counter() + seconds
        while time.perf_counter() < end:
            for _ in range(32):
                try:
                    own.send(data)
                except OSError:
                    pass
        time.sleep(0.3)
        control.sendall(b"E")
        return int(control.recv(32))


def receive_flood(own, seconds, size):
    own.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    own.send(b"%d %d" % (seconds, size))
    buffer, received = bytearray(size), 0
    own.settimeout(1)
    try:
        while True:
            own.recv_into(buffer)
            received += 1
            own.settimeout(0.3)
    except TimeoutError:
        return received


def hold(host, count):
    """Opens connections until there are so many; each has carried a byte both ways."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    poll, waiting = select.epoll(), {}
    address = socket.getaddrinfo(host, ECHO, type=socket.SOCK_STREAM)[0]
    last = time.perf_counter()
    while len(held) < count or waiting:
        while len(held) + len(waiting) < count and len(waiting) < 64:
            connection = socket.socket(address[0])
            connection.setblocking(False)
            connection.connect_ex(address[4])
            waiting[connection.fileno()] = connection
            poll.register(connection, select.EPOLLOUT)
        for descriptor, events in poll.poll(0.1):
            connection = waiting[descriptor]
            if events & (select.EPOLLERR | select.EPOLLHUP):
                raise OSError("only %d connections: %s" % (len(held), os.strerror(connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))))
            last = time.perf_counter()
            if events & select.EPOLLOUT:
                connection.send(b"x")
                poll.modify(descriptor, select.EPOLLIN)
            else:
                if connection.recv(2) != b"x":
                    raise OSError("only %d connections: one ended" % len(held))
                poll.unregister(descriptor)
                held.append(waiting.pop(descriptor))
        if time.perf_counter() > last + 8:
            raise OSError("only %d connections" % len(held))
    return {"held": len(held)}


ORDERS = {"facts": facts, "open": open_one, "bulk": bulk, "ping": ping, "connections": connections, "datagrams": datagrams, "hold": hold}

for line in sys.stdin:
    order = json.loads(line)
    try:
        answer = ORDERS[order.pop("do")](**order)
    except Exception as error:  # whatever it is, the benchmark goes on without this figure
        answer = {"error": "%s: %s" % (type(error).__name__, error)}
    print(json.dumps(answer), flush=True)
