"""A thread of the web takes a connection once it need not wait for the head of a request."""

import socket
from types import SimpleNamespace

import pytest

from labeling_ui.threads import _can_begin


@pytest.fixture
def ends():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield SimpleNamespace(sock=ours, parser=None), theirs


def test_a_silent_connection_waits(ends):
    assert not _can_begin(ends[0])


def test_half_a_head_waits_and_a_whole_one_does_not(ends):
    conn, theirs = ends

    theirs.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n")
    assert not _can_begin(conn)

    theirs.sendall(b"\r\n")
    assert _can_begin(conn)
    assert conn.sock.recv(3) == b"GET"  # what was looked at is still there for the thread


def test_who_has_gone_is_left_to_the_thread(ends):
    conn, theirs = ends

    theirs.close()

    assert _can_begin(conn)
