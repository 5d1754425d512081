"""SIGTERM to a web process that has visitors."""

import http.client
import signal

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.realtime.clients import Api, Socket, select
from tests.support.programs.processes import Process, web
from tests.support.waiting import PATIENT_SECONDS, eventually

pytestmark = pytest.mark.faults


def answer_of(process: Process, path: str) -> tuple[int, str | None]:
    """Status and `Connection` of an answer."""
    connection = http.client.HTTPConnection("127.0.0.1", process.port, timeout=PATIENT_SECONDS)
    connection.request("GET", path)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status, answer.getheader("connection")


async def test_a_process_answers_until_its_proxy_has_noticed_then_hands_over(
    database_url: str, redis_url: str
) -> None:
    """(CN9)"""
    with web(database_url, redis_url, NEST_DRAIN_SECONDS="8") as process:
        await process.ready()
        api = Api(process.url)
        created = await api.create()
        async with connect(process.url.replace("http", "ws") + "/ws") as connection:
            socket = Socket(connection)
            await socket.hello(api.token)
            await socket.join(created["code"])
            process.signal(signal.SIGTERM)
            await eventually(lambda: answer_of(process, "/readyz")[0] == 503, why="not ready")
            assert answer_of(process, "/readyz?draining=404")[0] == 404
            assert answer_of(process, "/api/catalogue") == (200, "close")
            with pytest.raises(InvalidStatus):
                async with connect(process.url.replace("http", "ws") + "/ws"):
                    pass
            done = await socket.op(created["id"], select("nest", "nest120"))
            assert done["outcome"] == "committed"
            with pytest.raises(ConnectionClosed) as closed:
                await socket.until("never")
        assert socket.frames[-1]["code"] == "restarting"
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1012
        assert process.wait() == 0
        assert "Traceback" not in process.log


@pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGINT])
async def test_told_again_it_ends_at_once(
    database_url: str, redis_url: str, second: signal.Signals
) -> None:
    with web(database_url, redis_url, NEST_DRAIN_SECONDS="60") as process:
        await process.ready()
        process.signal(signal.SIGTERM)
        await eventually(lambda: answer_of(process, "/readyz")[0] == 503, why="not ready")
        process.signal(second)
        assert process.wait() == 0
        assert "Traceback" not in process.log
