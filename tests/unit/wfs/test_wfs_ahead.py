"""Work ahead of what is sent keeps order, tells errors in their place, and stops with its reader."""

import time

import pytest

from server.wfs.ahead import ahead


def counted(closed: list[bool], count: int = 20):
    try:
        yield from range(count)
    finally:
        closed.append(True)


def test_the_order_is_that_of_the_items():
    def slow(number: int) -> bytes:
        time.sleep(0.003 * (number % 3))
        return str(number).encode()

    assert list(ahead(counted([]), slow)) == [str(number).encode() for number in range(20)]
    assert list(ahead(counted([], 0), slow)) == []


def test_an_error_comes_after_what_was_made_before_it():
    def work(number: int) -> bytes:
        if number == 5:
            raise ValueError("five")
        return b"x"

    got, closed = [], []
    with pytest.raises(ValueError, match="five"):
        got.extend(ahead(counted(closed), work))
    assert closed == [True]


def test_a_reader_who_leaves_ends_the_source():
    closed: list[bool] = []
    chunks = ahead(counted(closed), lambda number: bytes(number))
    next(chunks)
    next(chunks)
    chunks.close()
    assert closed == [True]
