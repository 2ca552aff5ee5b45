"""gunicorn's worker with threads, for which a request begins when its head has arrived whole.

As gunicorn has it, a connection takes a thread when it is made: whoever connects and is silent holds one for five
seconds, and whoever sends half a head holds one for ever. A web of sixteen threads stands still for sixteen such
connections.
"""

import time
from functools import partial
from selectors import EVENT_READ
from socket import MSG_DONTWAIT, MSG_PEEK

from gunicorn.workers.gthread import TConn, ThreadWorker  # type: ignore[import-untyped]

HEAD_SECONDS = 5.0
# gunicorn's own limits on a head are lower, and are for the thread that reads it to say.
HEAD_BYTES = 1 << 20


class Threads(ThreadWorker):  # type: ignore[misc]
    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        # Part of a head is here: readable all the time, so that no selector can watch them.
        self.begun: list[TConn] = []

    def enqueue_req(self, conn: TConn) -> None:
        if _can_begin(conn):
            conn.data_ready = False
            super().enqueue_req(conn)
        elif conn.data_ready:
            self.begun.append(conn)
        else:
            conn.sock.setblocking(False)
            conn.timeout = time.monotonic() + HEAD_SECONDS
            self.pending_conns.append(conn)
            self.poller.register(conn.sock, EVENT_READ, partial(self.on_pending_socket_readable, conn))

    def murder_pending(self) -> None:
        """At least once a second."""
        super().murder_pending()
        waiting, self.begun = self.begun, []
        for conn in waiting:
            if _can_begin(conn):
                self.enqueue_req(conn)
            elif time.monotonic() < conn.timeout:
                self.begun.append(conn)
            else:
                self.nr_conns -= 1
                conn.close()


def _can_begin(conn: TConn) -> bool:
    """Whether a thread that takes it now will not wait for its head."""
    if conn.parser and conn.parser.unreader.buf.getvalue():
        return True
    try:
        head = conn.sock.recv(HEAD_BYTES, MSG_PEEK | MSG_DONTWAIT)
    except BlockingIOError:
        return False
    except OSError:
        return True  # it is gone, which the thread will find too
    return not head or b"\r\n\r\n" in head or len(head) == HEAD_BYTES
