"""Start our own programs as real processes, look at them, end them: kindly or with SIGKILL."""

import os
import signal
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

from app.programs.ending import still_running
from storage.postgres.schema.roles import ANALYTICS, WEB, WORKER
from tests.support.programs.ports import free_port
from tests.support.programs.servers import for_role
from tests.support.waiting import PATIENT_SECONDS, eventually, eventually_blocking

CHECKOUT = Path(__file__).parents[3]
PASSED_ON = ("PATH", "HOME", "LANG", "TMPDIR", "NEST_HOME")


def passed_on() -> dict[str, str]:
    """The environment for a process: no settings of ours, and a home outside of the checkout."""
    return {name: os.environ[name] for name in PASSED_ON if name in os.environ}


class Process:
    """One process started by a test; killed, at the latest, when its `with` block ends.

    Use `web(...)` and `worker(...)` for ours, or give any command.
    """

    def __init__(
        self, *command: str, environ: dict[str, str] | None = None, port: int | None = None
    ) -> None:
        self.command = command
        self.port = port
        self.environ = {
            **passed_on(),
            "PYTHONUNBUFFERED": "1",
            **(environ or {}),
        }
        self._log = Path(tempfile.mkstemp(prefix="nest-p-", suffix=".log")[1])
        self._popen: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        assert self._popen is not None
        return self._popen.pid

    @property
    def alive(self) -> bool:
        return self._popen is not None and self._popen.poll() is None

    @property
    def log(self) -> str:
        """Everything it has written so far, standard output and error."""
        return self._log.read_text(errors="replace")

    def start(self) -> Self:
        with self._log.open("ab") as log:
            self._popen = subprocess.Popen(
                self.command,
                cwd=CHECKOUT,
                env=self.environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return self

    async def ready(self, deadline: float = 90.0) -> Self:
        """Wait for `GET /readyz` to answer 200."""
        await eventually(self.is_ready, deadline, why="GET /readyz answers 200")
        return self

    def ready_blocking(self, deadline: float = 90.0) -> Self:
        eventually_blocking(self.is_ready, deadline, why="GET /readyz answers 200")
        return self

    def is_ready(self) -> bool:
        if not self.alive:
            raise RuntimeError(f"{self.command} ended before it was ready:\n{self.log[-4000:]}")
        try:
            with urllib.request.urlopen(f"{self.url}/readyz", timeout=2.0) as answer:
                return bool(answer.status == 200)
        except urllib.error.HTTPError as error:
            error.close()
            return False

    def signal(self, sign: signal.Signals) -> None:
        assert self._popen is not None
        self._popen.send_signal(sign)

    def wait(self, deadline: float = PATIENT_SECONDS) -> int:
        """The exit code, once it has ended."""
        assert self._popen is not None
        return self._popen.wait(deadline)

    def kill(self) -> None:
        """SIGKILL to this process alone, then wait until it is gone."""
        if self._popen is not None:
            self._popen.kill()
            self._popen.wait(10)

    def restart(self) -> Self:
        """Kill and start again, same command, same port."""
        self.kill()
        return self.start()

    def stop(self, deadline: float = PATIENT_SECONDS) -> int:
        """SIGTERM; the exit code."""
        self.signal(signal.SIGTERM)
        return self.wait(deadline)

    def children(self) -> list[psutil.Process]:
        """Every living descendant."""
        return psutil.Process(self.pid).children(recursive=True) if self.alive else []

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        left = self.children()
        if self.alive:
            self.signal(signal.SIGTERM)
            try:
                self.wait(10)
            except subprocess.TimeoutExpired:
                self.kill()
        for process in still_running(left, within_seconds=5):
            process.kill()
        if error is not None:
            print(f"--- log of {' '.join(self.command)}\n{self.log[-8000:]}")
        self._log.unlink(missing_ok=True)


def nest(*arguments: str) -> tuple[str, ...]:
    """The command line of our own program, run by the same Python."""
    return (sys.executable, "-m", "app.cli", *arguments)


def web(database_url: str, redis_url: str, *, port: int | None = None, **environ: str) -> Process:
    """`nest web` on a free port; further settings by name, such as `NEST_NODE="a"`.

    Visits are measured without a question, and one test may ask as much as a hundred visitors,
    unless the test is about that.
    """
    port = port or free_port()
    settings = {
        "DATABASE_URL": for_role(database_url, WEB),
        "NEST_ANALYTICS_DATABASE_URL": for_role(database_url, ANALYTICS),
        "REDIS_URL": redis_url,
        "PORT": str(port),
        "NEST_CONSENT": "assumed",
        "NEST_LIMIT_SCALE": "100",
    }
    return Process(*nest("web"), environ={**settings, **environ}, port=port)


def worker(database_url: str, redis_url: str, **environ: str) -> Process:
    """`nest worker`."""
    settings = {"DATABASE_URL": for_role(database_url, WORKER), "REDIS_URL": redis_url}
    return Process(*nest("worker"), environ={**settings, **environ})
