"""The quick start of the Python client is what it says: it runs."""

import asyncio
import re
import sys
from pathlib import Path

import nest_haus_client

from tests.realtime.conftest import RunningWeb
from tests.support.programs.processes import CHECKOUT

PACKAGE = CHECKOUT / "clients" / "python"
README = (PACKAGE / "README.md").read_text(encoding="utf-8")


def python_blocks() -> list[str]:
    return re.findall(r"```python\n(.*?)```", README, re.DOTALL)


async def test_the_quick_start_runs(web: RunningWeb, tmp_path: Path) -> None:
    for number, block in enumerate(python_blocks()[:2]):
        program = tmp_path / f"start{number}.py"
        program.write_text(block.replace("http://127.0.0.1:8080", web.url), encoding="utf-8")
        process = await asyncio.create_subprocess_exec(
            sys.executable, program, stdout=-1, stderr=-1
        )
        said, complained = await process.communicate()
        assert process.returncode == 0, complained.decode()
        assert said.startswith(b"committed")


def test_the_quick_start_has_ten_lines_at_most() -> None:
    assert len([line for line in python_blocks()[0].splitlines() if line.strip()]) <= 10


def test_everything_public_can_be_imported() -> None:
    assert [name for name in nest_haus_client.__all__ if not hasattr(nest_haus_client, name)] == []
    assert (PACKAGE / "src" / "nest_haus_client" / "py.typed").exists()
