"""The README of the JavaScript client says what there is: its examples are checked against the package."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.support.programs.node import CLIENT, Node, built_client, node_environ, pack

README = (CLIENT / "README.md").read_text(encoding="utf-8")
GIVEN = """
import { socketioTransport, type Client, type House, type HouseView, type Operation } from "nest-haus-client";
import type { io } from "socket.io-client";
declare global {
  const process: { env: Record<string, string | undefined> };
  const url: string;
  const token: string;
  const code: string;
  const sessionId: string;
  const client: Client;
  var house: House;
  const operation: Operation;
  const signal: AbortSignal;
  function draw(state: HouseView): void;
  var lastId: string | null | undefined;
  const io_: typeof io;
}
"""
"""The names that the examples use without defining them."""
COMPILE = "--noEmit --target es2022 --module esnext --moduleResolution bundler"


@pytest.fixture(scope="module")
def node() -> Node:
    return built_client()


@pytest.fixture
def project(node: Node, tmp_path: Path) -> Path:
    """A project of somebody else, with this client and nothing that is optional."""
    install = (*node.npm, "install", "--offline", "--no-audit", "--no-fund", "--ignore-scripts")
    package = pack(node, tmp_path)
    command = [*map(str, install), f"./{package.name}"]
    subprocess.run(command, cwd=tmp_path, env=node_environ(node), check=True, capture_output=True)
    return tmp_path


def check_types(node: Node, project: Path, pattern: str, *, strict: bool = True) -> None:
    compiler = CLIENT / "node_modules" / "typescript" / "bin" / "tsc"
    options = [*COMPILE.split(), "--strict", str(strict).lower(), "--types", ""]
    files = [path.name for path in (*project.glob("given.d.ts"), *project.glob(pattern))]
    assert files
    command = [str(node.program), str(compiler), *options, *files]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def examples(language: str) -> list[str]:
    """Each example in this language as a module of its own."""
    found = re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)
    if language == "js":
        found += re.findall(r"<script type=\"module\">\n(.*?)</script>", README, re.DOTALL)
    else:
        inside = re.findall(r"`(connect\(\{[^`]*\}\))`", README)
        found += [f"await {each}".replace("(io)", "(io_)") for each in inside]
    used = 'import { connect, socketioTransport } from "nest-haus-client";\n'
    asked = [text.replace("/nest-haus-client.js", "nest-haus-client/browser") for text in found]
    return [text if "import {" in text else used + text for text in asked]


def test_every_example_of_the_readme_fits_the_package(node: Node, project: Path) -> None:
    (project / "given.d.ts").write_text(GIVEN, encoding="utf-8")
    (project / "node_modules" / "socket.io-client").symlink_to(
        CLIENT / "node_modules" / "socket.io-client"
    )
    for language, least in (("js", 2), ("ts", 5)):
        found = examples(language)
        assert len(found) >= least
        for number, example in enumerate(found):
            (project / f"{language}{number}.ts").write_text(f"{example}\nexport {{}};\n", "utf-8")
        # Examples in JavaScript are not checked for values that may be null.
        check_types(node, project, f"{language}*.ts", strict=language == "ts")


def test_its_types_need_no_package_that_is_optional(node: Node, project: Path) -> None:
    (project / "own.ts").write_text(
        'import { connect } from "nest-haus-client";\n'
        'import { connect as bundled } from "nest-haus-client/browser";\n'
        "export const same: typeof connect = bundled;\n",
        encoding="utf-8",
    )
    check_types(node, project, "own.ts")


def test_both_entries_have_the_same_names(node: Node, project: Path) -> None:
    program = (
        'const names = async (from) => Object.keys(await import(from)).sort().join(" ");'
        'console.log(await names("nest-haus-client") === await names("nest-haus-client/browser"));'
    )
    done = subprocess.run(
        [str(node.program), "--input-type=module", "-e", program],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "true\n", done.stderr
