"""What is sent: bytes that follow from a number, so that whoever receives them can tell whether they are right."""

import random

BLOCK = random.Random(1).randbytes((1 << 20) + 65_536)


def pieces(number, size):
    """Pieces of at most 64 KiB, `size` bytes together; other numbers, other bytes."""
    source, sent = random.Random(number), 0
    while sent < size:
        start = source.randrange(1 << 20)
        piece = BLOCK[start : start + min(source.randint(1, 65_536), size - sent)]
        yield piece
        sent += len(piece)
