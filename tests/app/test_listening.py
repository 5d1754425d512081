"""Who has a port is named; every address of a host is listened on."""

import os
import socket

import pytest

from app.exclusive import AlreadyInUseError
from app.listening import listen, require_free_port
from tests.support.ports import free_port


def test_who_has_a_busy_port_is_named_by_process_and_command() -> None:
    port = free_port()
    with socket.create_server(("127.0.0.1", port)), pytest.raises(AlreadyInUseError) as refused:
        require_free_port("127.0.0.1", port)
    said = str(refused.value)
    assert said.startswith(f"PORT {port} on 127.0.0.1 is busy: process {os.getpid()} (")
    assert said.endswith(") listens there. Stop it, or choose another PORT.")


def test_a_host_is_listened_on_at_each_of_its_addresses() -> None:
    port = free_port()
    opened = listen("localhost", port)
    known = {found[4][0] for found in socket.getaddrinfo("localhost", port)}
    assert opened
    for each in opened:
        assert each.getsockname()[0] in known
        socket.create_connection(each.getsockname()[:2], timeout=5).close()
        each.close()
    require_free_port("localhost", port)


def test_an_address_of_another_machine_is_named() -> None:
    with pytest.raises(AlreadyInUseError, match=r"HOST 192\.0\.2\.1 PORT \d+ cannot be listened"):
        require_free_port("192.0.2.1", free_port())
