"""Types, lint and format of all JavaScript: `python -m tests.support.programs.scripts [--write]`.

The tools are packages of clients/js, their settings are in clients/js/page. They run at the same
time; `--write` only formats and mends what lint can mend. For the types of templates tsc reads a copy
of the scripts (clients/js/page/templates.js). The build of clients/js checks the types of its source.
"""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from tests.support.programs.node import CLIENT, find_node

ROOT: Final = CLIENT.parents[1]
SCRIPTS: Final = ROOT / "ui" / "assets" / "js"
SETTINGS: Final = CLIENT / "page"
PACKAGES: Final = CLIENT / "node_modules"
LINTED: Final = (
    "ui/assets/js/**/*.js",
    "ui/components/*.js",
    "tests/ui/js/**/*.mjs",
    "clients/js/page/*.js",
    "clients/js/examples/*.mjs",
    "clients/js/scripts/*.mjs",
    "clients/js/test/**/*.mjs",
    "bench/peers/**/*.mjs",
)
FORMATTED: Final = (
    *LINTED,
    "ui/assets/js/**/*.d.ts",
    "!ui/assets/js/client/messages.d.ts",  # generated, with lines of its own length
    "clients/js/src/**/*.ts",  # ESLint reads no TypeScript; its rules about names are tsc's, too
)
STEP_SECONDS: Final = 120

Command = tuple[str | Path, ...]


def jobs(*, write: bool) -> list[tuple[Command, ...]]:
    """Return the commands without Node itself: those of a job follow each other."""
    eslint = PACKAGES / "eslint" / "bin" / "eslint.js"
    prettier = PACKAGES / "prettier" / "bin" / "prettier.cjs"
    tsc = PACKAGES / "typescript" / "bin" / "tsc"
    lint: Command = (eslint, "--config", SETTINGS / "eslint.config.js", *LINTED)
    layout: Command = ("--config", SETTINGS / "prettier.json", "--log-level", "warn")
    if write:
        return [((*lint, "--fix"), (prettier, "--write", *layout, *FORMATTED))]
    copied: Command = (SETTINGS / "templates.js", SCRIPTS, CLIENT / "dist" / ".page")
    return [
        (copied, (tsc, "--project", SETTINGS)),
        (lint,),
        ((prettier, "--check", *layout, *FORMATTED),),
    ]


def main(*, write: bool) -> int:
    """Run them and print what they say; 1 when one of them found something."""
    node = find_node()

    def run(job: tuple[Command, ...]) -> list[subprocess.CompletedProcess[str]]:
        return [
            subprocess.run(
                [node.program, *command],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
                timeout=STEP_SECONDS,
            )
            for command in job
        ]

    with ThreadPoolExecutor() as pool:
        done = [each for job in pool.map(run, jobs(write=write)) for each in job]
    print("".join(each.stdout for each in done), end="")
    return int(any(each.returncode for each in done))


if __name__ == "__main__":
    sys.exit(main(write="--write" in sys.argv[1:]))
