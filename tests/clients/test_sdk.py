"""The address of a server is enough to get a working client from it, and examples that run."""

import asyncio
import os
import re
import shutil
import sys
from collections.abc import Sequence
from hashlib import sha256
from html import unescape
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import httpx
import pytest

from app.sdk import BUNDLE, members, sdk_files
from tests.realtime.conftest import RunningWeb
from tests.support.programs.node import (
    CHECKOUT,
    CLIENT,
    SHARED,
    Node,
    built_client,
    node_environ,
    pack,
)

PYTHON = """
import asyncio, sys
import nest_haus_client

async def main():
    async with nest_haus_client.Client.register(sys.argv[1], name="Anna") as client:
        house = await client.join((await client.create()).code)
        print((await house.select("nest", "nest120")).outcome, nest_haus_client.__file__)

asyncio.run(main())
"""
NODE = """
import { connect, createHouse } from "nest-haus-client";
const url = process.argv[2];
const { code, token } = await createHouse(url);
const client = await connect({ url, token });
const house = await client.join(code);
console.log((await house.select("nest", "nest120")).outcome, import.meta.resolve("nest-haus-client"));
client.close();
"""


@pytest.fixture(scope="module")
def node() -> Node:
    return built_client()


async def run(*command: object, cwd: Path, environ: dict[str, str] | None = None) -> str:
    """The output of a program, which must end with success."""
    process = await asyncio.create_subprocess_exec(
        *map(str, command), cwd=cwd, env=environ, stdin=-3, stdout=-1, stderr=-2
    )
    said = (await process.communicate())[0].decode()
    assert process.returncode == 0, said
    return said


async def downloaded(url: str, kind: str, folder: Path) -> Path:
    """The file of this kind that the index of a server names; its hash is compared."""
    async with httpx.AsyncClient(base_url=url, timeout=60) as client:
        index = (await client.get("/sdk/")).json()
        entry = next(each for each in index["files"] if each["kind"] == kind)
        file = folder / str(entry["name"])
        answer = await client.get(entry["url"])
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith(entry["media_type"])
        assert sha256(answer.content).hexdigest() == entry["sha256"]
        assert len(answer.content) == entry["bytes"]
    file.write_bytes(answer.content)
    return file


async def test_the_wheel_of_a_server_edits_a_house(web: RunningWeb, tmp_path: Path) -> None:
    wheel = await downloaded(web.url, "wheel", tmp_path)
    target = tmp_path / "target"
    pip = [sys.executable, "-m", "pip", "install", "-q", "--no-index", "--no-deps"]
    await run(*pip, "--target", target, wheel, cwd=tmp_path)
    (tmp_path / "edit.py").write_text(PYTHON, "utf-8")
    environ = {**os.environ, "PYTHONPATH": str(target)}
    said = await run(sys.executable, "edit.py", web.url, cwd=tmp_path, environ=environ)
    assert said.startswith(f"committed {target}"), said


async def test_the_package_for_npm_of_a_server_edits_a_house(
    web: RunningWeb, node: Node, tmp_path: Path
) -> None:
    package = await downloaded(web.url, "npm", tmp_path)
    (tmp_path / "edit.mjs").write_text(NODE, "utf-8")
    await run(*_install(node), f"./{package.name}", cwd=tmp_path, environ=node_environ(node))
    said = await run(node.program, "edit.mjs", web.url, cwd=tmp_path)
    assert said.startswith(f"committed file://{tmp_path}"), said


async def test_an_unbuilt_client_is_built_when_it_is_installed(node: Node, tmp_path: Path) -> None:
    """In a checkout: the package is built of its own folder and of what it shares with the page."""
    source, project = tmp_path / CLIENT.relative_to(CHECKOUT), tmp_path / "project"
    shutil.copytree(CLIENT, source, ignore=shutil.ignore_patterns("dist", "node_modules", "test"))
    shutil.copytree(SHARED, tmp_path / SHARED.relative_to(CHECKOUT))
    (source / "node_modules").symlink_to(CLIENT / "node_modules")
    project.mkdir()
    await run(
        *_install(node, scripts=True), "../clients/js", cwd=project, environ=node_environ(node)
    )
    program = 'console.log(typeof (await import("nest-haus-client")).connect)'
    said = await run(node.program, "--input-type=module", "-e", program, cwd=project)
    assert said == "function\n"


def _install(node: Node, *, scripts: bool = False) -> Sequence[str]:
    quiet = () if scripts else ("--ignore-scripts",)
    return (*node.npm, "install", "--offline", "--no-audit", "--no-fund", *quiet)


def test_the_committed_package_is_the_build(node: Node, tmp_path: Path) -> None:
    built = members(pack(node, tmp_path).read_bytes())
    served = {each.kind: each.body for each in sdk_files()}
    committed = members(served["npm"])
    differs = [name for name in built | committed if built.get(name) != committed.get(name)]
    assert differs == [], "run `make sdk` to pack it again"
    assert served["bundle"] == built[BUNDLE]


def test_the_package_has_the_very_files_that_the_page_loads() -> None:
    (package,) = [members(each.body) for each in sdk_files() if each.kind == "npm"]
    page = {path.name: path.read_bytes() for path in SHARED.iterdir()}
    assert {name: package.get(f"package/dist/client/{name}") for name in page} == page
    assert {"state.js", "house.js", "codes.js"} <= set(page)


def test_the_wheel_is_the_same_every_time() -> None:
    assert sdk_files() == sdk_files()
    assert sum(len(each.body) for each in sdk_files()) < 1_000_000


async def test_the_source_map_that_the_bundle_names_is_served(web: RunningWeb) -> None:
    async with httpx.AsyncClient(base_url=web.url, timeout=60) as client:
        index = (await client.get("/sdk/")).json()["files"]
        (bundle,) = [each["url"] for each in index if each["kind"] == "bundle"]
        (named,) = re.findall(
            r"^//# sourceMappingURL=(\S+)$", (await client.get(bundle)).text, re.MULTILINE
        )
        answer = await client.get(httpx.URL(bundle).join(named))
    assert answer.status_code == 200
    read = answer.json()
    assert any(each.endswith("src/client.ts") for each in read["sources"])
    assert all(read["sourcesContent"]), "developer tools need no other file"


async def test_files_are_kept_compared_and_nothing_else_is_read(web: RunningWeb) -> None:
    async with httpx.AsyncClient(base_url=web.url, timeout=60) as client:
        for entry in (await client.get("/sdk")).json()["files"]:
            head = await client.head(entry["url"])
            assert (head.status_code, head.content) == (200, b"")
            assert head.headers["content-length"] == str(entry["bytes"])
            assert head.headers["cache-control"].startswith("public, max-age=")
            asked = {"if-none-match": head.headers["etag"]}
            assert (await client.get(entry["url"], headers=asked)).status_code == 304
        for path in (
            "/sdk/..%2fapp%2fweb.py",
            "/sdk/%2e%2e/%2e%2e/etc/passwd",
            "/sdk/a/b",
            "/sdk//",
        ):
            assert (await client.get(path)).status_code == 404, path


async def test_the_curl_examples_of_the_docs_run(web: RunningWeb, tmp_path: Path) -> None:
    async with httpx.AsyncClient(base_url=web.url, timeout=60) as client:
        page = (await client.get("/docs")).text
        found = re.search(r'<pre id="curl">(.*?)</pre>', page, re.DOTALL)
        assert found is not None
        said = await run("sh", "-ec", unescape(found[1]), cwd=tmp_path)
        assert '"outcome":"committed"' in said
        code = said.split("/c/")[-1].strip()
        assert re.fullmatch(r"[0-9A-Z]{8}", code)
        assert 'href="/spec"' in page
    assert said.strip().endswith(f"{web.url}/c/{code}")


def test_a_server_without_the_python_client_hands_out_the_rest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def absent(name: str) -> None:
        raise PackageNotFoundError(name)

    monkeypatch.setattr("app.sdk.distribution", absent)
    assert [each.kind for each in sdk_files()] == ["npm", "bundle", "map", "spec"]
