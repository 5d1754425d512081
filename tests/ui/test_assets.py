"""Our scripts are served shortened, and are still the same programs."""

import json
import subprocess
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

from tests.support.programs.node import built_client
from ui.assets import DIRECTORY, Assets

COMPARE = Path(__file__).parent / "js" / "shortened.mjs"
SCRIPTS = sorted(path.relative_to(DIRECTORY).as_posix() for path in DIRECTORY.rglob("*.js"))
RUN_SECONDS = 120


def client_of(assets: Assets) -> httpx.AsyncClient:
    app = Starlette(routes=[assets.route()])
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://assets")


@pytest.fixture
async def served() -> dict[str, str]:
    assets = Assets()
    async with client_of(assets) as client:
        answers = {name: await client.get(assets.url(name)) for name in SCRIPTS}
    assert {answer.status_code for answer in answers.values()} == {200}
    kinds = {answer.headers["content-type"] for answer in answers.values()}
    assert kinds == {"text/javascript; charset=utf-8"}
    ages = {answer.headers["cache-control"] for answer in answers.values()}
    assert ages == {"public, max-age=31536000, immutable"}
    return {name: answer.text for name, answer in answers.items()}


@pytest.mark.timeout(RUN_SECONDS + 10)
def test_served_scripts_are_the_programs_of_their_files(served: dict[str, str]) -> None:
    pairs = [(name, (DIRECTORY / name).read_text("utf-8"), served[name]) for name in SCRIPTS]
    done = subprocess.run(
        [built_client().program, COMPARE],
        input=json.dumps(pairs),
        capture_output=True,
        text=True,
        check=False,
        timeout=RUN_SECONDS,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == []


def test_types_and_explanations_stay_at_home(served: dict[str, str]) -> None:
    whole = sum((DIRECTORY / name).stat().st_size for name in SCRIPTS)
    assert sum(map(len, served.values())) < 0.75 * whole
    assert [name for name, text in served.items() if "@param" in text] == []


async def test_a_head_is_answered_and_other_methods_are_refused() -> None:
    assets = Assets()
    address = assets.url(SCRIPTS[0])
    async with client_of(assets) as client:
        head, post = await client.head(address), await client.post(address)
    assert head.headers["content-type"].startswith("text/javascript")
    assert post.status_code == 405
