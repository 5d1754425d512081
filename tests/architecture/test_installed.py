"""An installed product has no checkout: whatever a process reads is in a package, and in the wheel."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

CHECKOUT = Path(__file__).parents[2]
PACKAGES = ("app", "catalogues", "configurator", "realtime", "storage", "ui", "workers")
NOT_READ = {"__pycache__"}

WATCHED = """
import os, sys
checkout, product = sys.argv[1:]
strange = set()

def watch(event, arguments):
    if event != "open" or not isinstance(arguments[0], (str, bytes)):
        return
    path = os.path.realpath(os.fsdecode(arguments[0]))
    inside = path.startswith(checkout + "/") and not path.startswith(checkout + "/.venv/")
    if inside and not path.startswith(checkout + "/clients/"):
        strange.add(path)

sys.addaudithook(watch)
from app.parts.catalogue import current_catalogue
from app.sdk import sdk_files
from app.settings.settings import parse_settings
from app.web import served_web
from storage.postgres.schema.revisions import head_revision
import app.worker, app.supervisor.supervisor, app.doctor.doctor, app.release, workers.runner

assert app.worker.__file__.startswith(product), app.worker.__file__
served_web(parse_settings({"DATABASE_URL": "postgresql://h/d", "REDIS_URL": "redis://h"}))
assert current_catalogue() and head_revision()
assert {each.kind for each in sdk_files()} >= {"npm", "bundle", "spec"}
print("\\n".join(sorted(strange)))
"""


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of the product, unpacked in a folder of its own."""
    source, unpacked = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("unpacked")
    for each in PACKAGES:
        shutil.copytree(
            CHECKOUT / each, source / each, ignore=shutil.ignore_patterns("__pycache__")
        )
    shutil.copy(CHECKOUT / "pyproject.toml", source)
    made = [sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check"]
    made += ["--no-deps", "--no-build-isolation", "--no-index", "-w", str(source / "dist"), "."]
    subprocess.run(made, cwd=source, check=True, capture_output=True)
    (wheel,) = (source / "dist").glob("*.whl")
    with ZipFile(wheel) as archive:
        archive.extractall(unpacked)
    return unpacked


def files_of(folder: Path) -> set[str]:
    return {
        path.relative_to(folder).as_posix()
        for each in PACKAGES
        for path in (folder / each).rglob("*")
        if path.is_file() and not NOT_READ & set(path.parts)
    }


def test_every_file_of_the_packages_is_in_the_wheel(product: Path) -> None:
    assert files_of(CHECKOUT) - files_of(product) == set()
    spec = (product / "app" / "sdk" / "SPEC.md").read_bytes()
    assert spec == (CHECKOUT / "docs" / "SPEC.md").read_bytes()


def test_an_installed_product_reads_nothing_of_the_checkout(product: Path, tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-c", WATCHED, str(CHECKOUT), str(product)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(product), "NICEGUI_STORAGE_PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode, run.stdout.split()) == (0, []), run.stderr


def test_without_its_clients_a_command_says_what_it_needs(product: Path, tmp_path: Path) -> None:
    """A process also starts without them: serving does not need them."""
    hidden = """
import sys
class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("nest_haus_client", "nest_haus_conformance"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Hidden())
from app.cli import main
sys.exit(main(sys.argv[1:]))
"""
    needed = {"tail": ["7K3M9QXA"], "edit": ["7K3M9QXA", "nest=nest120"], "soak": []}
    for command, arguments in {**needed, "conformance": []}.items():
        run = subprocess.run(
            [sys.executable, "-c", hidden, command, *arguments],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(product), "NEST_HOME": str(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
        )
        package = "nest-haus-conformance" if command == "conformance" else "nest-haus-client"
        assert run.returncode == 2, run.stderr
        assert f"this needs the package {package}: pip install ./clients/" in run.stderr
