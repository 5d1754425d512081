"""The modules of the screens that need no browser, in Node: tests/ui/js has the folders of ui/assets/js."""

import json
import re
import subprocess
from pathlib import Path

import nicegui
import pytest

from tests.support.programs.node import CLIENT, built_client, find_node

TESTS = Path(__file__).parent / "js"
FILES = sorted(TESTS.rglob("*.test.mjs"))
SCRIPTS = Path(__file__).parents[2] / "ui" / "assets" / "js"
UI = SCRIPTS.parents[1]
PAGES = [*UI.rglob("*.html"), *UI.rglob("*.py"), *UI.glob("components/*.js")]
ENTRY = re.compile(r"""["'](?:js|nest-screens)/([\w/]+\.js)["']""")
IMPORTED = re.compile(r'^(?!/\*\*| \*).*?(?:from|import)\s*\(?"(\.[^"]+)"', re.MULTILINE)
"""The modules that a script loads, without types that a comment imports."""
RUN_SECONDS = 120
UNKNOWN_NAMES = ("TS2304", "TS2305", "TS2552", "TS2614", "TS2724")
"""TypeScript's errors about a name that nothing declares, or that its module does not export."""


@pytest.mark.timeout(RUN_SECONDS + 10)
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.relative_to(TESTS).as_posix())
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


def test_a_script_is_in_the_folder_of_its_screen() -> None:
    scripts = sorted(SCRIPTS.rglob("*.js"))
    assert [path for path in scripts if path.with_suffix("").is_dir()] == [], (
        "beside its own folder"
    )
    assert [path for path in scripts if path.parent == SCRIPTS] == []


def test_tests_in_node_are_in_the_folders_of_what_they_test() -> None:
    folders = {file.parent.relative_to(TESTS).as_posix() for file in FILES}
    assert [each for each in sorted(folders) if not (SCRIPTS / each).is_dir()] == []
    assert "." not in folders


def test_every_script_is_loaded_by_a_page() -> None:
    waiting = [
        SCRIPTS / name for source in PAGES for name in ENTRY.findall(source.read_text("utf-8"))
    ]
    loaded = set[Path]()
    while waiting:
        script = waiting.pop()
        if script not in loaded:
            loaded.add(script)
            found = IMPORTED.findall(script.read_text("utf-8"))
            waiting += [(script.parent / address).resolve() for address in found]
    assert set(SCRIPTS.rglob("*.js")) - loaded == set()


def test_the_types_of_vue_are_those_of_the_version_that_pages_load() -> None:
    packages = json.loads((CLIENT / "package.json").read_text("utf-8"))["devDependencies"]
    script = Path(nicegui.__file__).parent / "static" / "vue.esm-browser.prod.js"
    loaded = re.search(r"vue v([\d.]+)", script.read_text("utf-8")[:200])
    assert loaded is not None
    assert packages["vue"] == loaded[1]
