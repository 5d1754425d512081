"""schemathesis reads ``/openapi.json`` and makes up requests: each is answered as it says there.

The requests are the same ones every time (`tests/support/schemathesis.toml`). For longer, by hand:
`EXAMPLES=200 .venv/bin/pytest tests/realtime/api/test_schemathesis.py` (minutes).
"""

import asyncio
import os
import sys
from pathlib import Path

import pytest

from tests.realtime.activity.service.traces import ADMIN, bury, staged
from tests.realtime.conftest import RunningWeb

CONFIGURATION = Path(__file__).parents[2] / "support" / "schemathesis.toml"
EXAMPLES = os.environ.get("EXAMPLES", "2")
pytestmark = pytest.mark.timeout(0 if "EXAMPLES" in os.environ else 240)
NOBODY = {
    "NEST_ADMIN": "",
    "NEST_PERSON": "",
    "NEST_LINK": "",
    "NEST_HOUSE": "0",
    "NEST_VISIT": "0",
}


async def said(url: str, folder: Path, *asked: str, **who: str) -> str:
    """The output of schemathesis; the test fails if an answer differs from its description."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(CONFIGURATION)),
        *("--no-color", "run", f"{url}/openapi.json", "-n", EXAMPLES, *asked),
        cwd=folder,
        env={**os.environ, **NOBODY, **who},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        text = (await process.communicate())[0].decode()
    finally:
        if process.returncode is None:
            process.kill()
    assert process.returncode == 0, text
    return text


async def test_people_with_permission_get_what_is_described(
    web: RunningWeb, redis_url: str, tmp_path: Path
) -> None:
    stage = await staged(web)
    await bury(stage, redis_url, "schemathesis")
    link = await stage.admin.call(
        "POST", "/api/admin/analytics/links", json={"name": "All", "views": ["kpis", "funnel"]}
    )
    text = await said(
        web.url,
        tmp_path,
        # These would end the session or the token of all that follows; strangers ask for them.
        *("--exclude-path", "/api/admin/logout"),
        *("--exclude-path", "/api/admin/sessions/end"),
        *("--exclude-path", "/api/people/me/token"),
        *("--exclude-path", "/api/people/me/way-back"),
        NEST_ADMIN=f"Bearer {ADMIN}",
        NEST_PERSON=f"Bearer {stage.anna.token}",
        NEST_LINK=f"Bearer {link.json()['token']}",
        NEST_HOUSE=str(stage.alone),
        NEST_VISIT=str(stage.visit),
    )
    assert "Authentication failed" not in text, text  # nothing but 401 proves nothing


async def test_strangers_get_what_is_described(web: RunningWeb, tmp_path: Path) -> None:
    text = await said(web.url, tmp_path, "--phases", "fuzzing")
    assert "Authentication failed" in text, text
