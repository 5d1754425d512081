"""The processes that the start of `nest run` ends, and those that it leaves alone."""

import signal
import sys
from pathlib import Path

from app.programs.children import Program
from app.programs.leftovers import end_left_programs
from tests.support.programs.processes import Process

OURS = "import time; time.sleep(600)"
ANOTHER = "import time; time.sleep(601)"


def program(source: str) -> Program:
    return Program(kind="web", name="web", command=(sys.executable, "-c", source))


def started(home: Path, source: str) -> Process:
    return Process(*program(source).command, environ={"NEST_HOME": str(home)})


def test_only_our_programs_of_this_home_are_ended(tmp_path: Path) -> None:
    home, other = tmp_path / "home", tmp_path / "other"
    with (
        started(home, OURS) as left,
        started(other, OURS) as of_another_home,
        started(home, ANOTHER) as beside,
    ):
        left.signal(signal.SIGSTOP)
        (told,) = end_left_programs(home, [program(OURS)])
        assert f"(process {left.pid})" in told
        assert left.wait() == -signal.SIGTERM
        assert of_another_home.alive
        assert beside.alive
        assert end_left_programs(home, [program(OURS)]) == []
