"""The modules of the screens that need no browser, in Node: tests/ui/js."""

import subprocess
from pathlib import Path

import pytest

from tests.support.node import find_node

FILES = sorted((Path(__file__).parent / "js").glob("*.test.mjs"))
RUN_SECONDS = 120


@pytest.mark.timeout(RUN_SECONDS + 10)
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_in_node(file: Path) -> None:
    done = subprocess.run(
        [find_node().program, "--test", file],
        capture_output=True,
        text=True,
        check=False,
        timeout=RUN_SECONDS,
    )
    assert done.returncode == 0, done.stdout + done.stderr
