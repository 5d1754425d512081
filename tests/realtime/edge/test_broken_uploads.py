"""A body that never arrives whole is nobody's failure."""

import asyncio
from typing import Any

from tests.realtime.conftest import RunningWeb


async def test_a_client_that_leaves_in_the_middle_of_a_body_leaves_no_traceback(
    web: RunningWeb, caplog: Any, capsys: Any
) -> None:
    port = int(web.url.rpartition(":")[2])
    for path in ("/api/configurations", "/api/sessions/track-interaction"):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(
            f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            "Content-Length: 100\r\n\r\n{".encode()
        )
        await writer.drain()
        writer.write_eof()
        await reader.read()
        writer.close()
    assert (await web.api().call("GET", "/healthz")).status_code == 200
    printed = capsys.readouterr()
    assert "Traceback" not in caplog.text + printed.out + printed.err
    assert "request_failed" not in caplog.text + printed.out + printed.err
