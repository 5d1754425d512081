"""The modules of the screens that need no browser, in Node: tests/ui/js."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.support.node import CLIENT, built_client, find_node

FILES = sorted((Path(__file__).parent / "js").glob("*.test.mjs"))
SCRIPTS = Path(__file__).parents[2] / "ui" / "assets" / "js"
RUN_SECONDS = 120
UNKNOWN_NAMES = ("TS2304", "TS2305", "TS2552", "TS2614", "TS2724")
"""What TypeScript says of a name that nothing declares, or that its module does not export."""


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


@pytest.mark.timeout(RUN_SECONDS + 10)
def test_every_name_is_declared_or_imported(tmp_path: Path) -> None:
    """A missing import fails only when its line runs, which may be rarely."""
    node = built_client()
    settings = {
        "compilerOptions": {
            "allowJs": True,
            "checkJs": True,
            "noEmit": True,
            "types": [],
            "module": "esnext",
            "moduleResolution": "bundler",
            "target": "es2022",
            "lib": ["es2022", "dom", "dom.iterable"],
        },
        "include": [f"{SCRIPTS}/**/*.js"],
    }
    (tmp_path / "tsconfig.json").write_text(json.dumps(settings), "utf-8")
    compiler = CLIENT / "node_modules" / "typescript" / "bin" / "tsc"
    done = subprocess.run(
        [node.program, compiler, "--project", tmp_path],
        capture_output=True,
        text=True,
        check=False,
        timeout=RUN_SECONDS,
    )
    said = [line for line in done.stdout.splitlines() if ": error TS" in line]
    assert done.returncode == 0 or said, done.stdout + done.stderr
    assert [line for line in said if any(f" {code}:" in line for code in UNKNOWN_NAMES)] == []
