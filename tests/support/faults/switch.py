"""A TCP port of this machine that leads to one server, and later to another one: a small balancer."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

CHUNK = 65_536


class Switch:
    """Connections to `url` are passed on to where it leads when they begin."""

    def __init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._target = ("127.0.0.1", 0)
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listening.getsockname()[1]}"

    def lead_to(self, url: str) -> None:
        """Lead new connections to this address from now on."""
        parts = urlsplit(url)
        assert parts.hostname is not None
        assert parts.port is not None
        self._target = (parts.hostname, parts.port)

    def cut(self) -> None:
        """End every connection, as the end of a server does."""
        for each in self._open:
            _end(each)

    def serve(self) -> None:
        """Pass connections on until `close`."""
        with suppress(OSError):
            while True:
                near, _ = self._listening.accept()
                self._open.append(near)
                try:
                    far = socket.create_connection(self._target)
                except OSError:  # nobody listens there
                    _end(near)
                    continue
                self._open.append(far)
                for ends in ((near, far), (far, near)):
                    self._threads.append(threading.Thread(target=_pass_on, args=ends, daemon=True))
                    self._threads[-1].start()

    def close(self) -> None:
        """Pass nothing on any more. Safe once `serve` runs."""
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self.cut()
        for thread in self._threads:
            thread.join(5)
        for each in self._open:
            each.close()


def _pass_on(one: socket.socket, other: socket.socket) -> None:
    with suppress(OSError):
        while received := one.recv(CHUNK):
            other.sendall(received)
    for each in (one, other):
        _end(each)


def _end(each: socket.socket) -> None:
    with suppress(OSError):  # it has ended already
        each.shutdown(socket.SHUT_RDWR)


@contextmanager
def running_switch(url: str) -> Iterator[Switch]:
    """One that leads to this server, until the block ends."""
    switch = Switch()
    switch.lead_to(url)
    thread = threading.Thread(target=switch.serve, daemon=True)
    thread.start()
    try:
        yield switch
    finally:
        switch.close()
        thread.join(5)
