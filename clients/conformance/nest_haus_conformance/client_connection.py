"""What a client must do with its connection: one, given up and opened again at the right times."""

import asyncio
import time

from nest_haus_conformance.client import PAUSE_SECONDS, Client, Scene
from nest_haus_conformance.verdicts import Checks, expect

ATTEMPTS_MAX = 12
QUIET_SECONDS = 5
QUIET_ANSWERS = 50
"""The client answers so often meanwhile: on a slow machine it gets longer to make its attempts."""
FINAL_SECONDS = 1.5
RESUMABLE = (1012, 1001, 4008)

check: Checks[Client] = Checks()


@check("CL5")
async def _one_connection(client: Client) -> None:
    """It does all on one connection while that holds."""
    async with client.scene() as scene:
        for number in (1, 2, 3):
            await scene.driver.op(scene.house.select(number))
            await scene.outcome(number - 1)
        await scene.check_same(3)
        passages = len(scene.middle.passages)
        expect(passages == 1, f"it opened {passages} connections")


@check("CL5")
async def _patience(client: Client) -> None:
    """While nobody answers it tries again, but not all the time."""
    async with client.scene() as scene:
        await scene.cut()
        began, answers = time.monotonic(), 0
        while time.monotonic() - began < QUIET_SECONDS or answers < QUIET_ANSWERS:
            attempts = len(scene.middle.refused)
            seconds = time.monotonic() - began
            expect(attempts <= ATTEMPTS_MAX, f"{attempts} attempts in {seconds:.1f} s")
            await scene.driver.state()
            answers += 1
            await asyncio.sleep(PAUSE_SECONDS)
        scene.mend()
        version = await scene.others_edit(1)
        await scene.check_same(version)


@check("CL5", "CN9")
async def _resumable(client: Client) -> None:
    """After a close code that says come back it comes back, and misses nothing."""
    async with client.scene() as scene:
        for number, code in enumerate(RESUMABLE, start=1):
            await _sent_away(scene, code)
            await scene.check_same(await scene.others_edit(number))
            await scene.driver.op(scene.house.select_other(number))
            await scene.outcome(number - 1)


@check("CL5", "ER2")
async def _final(client: Client) -> None:
    """After a code that is final, and its close code, it does not come back."""
    async with client.scene() as scene:
        refused = {
            "type": "error",
            "code": "not_authenticated",
            "message": {
                "de": "Wir wissen nicht, wer du bist.",
                "en": "We do not know who you are.",
            },
        }
        await scene.middle.say(refused)
        await scene.middle.close(4001)
        await asyncio.sleep(FINAL_SECONDS)
        passages = len(scene.middle.passages)
        expect(passages == 1, f"it connected again {passages - 1} times")


async def _sent_away(scene: Scene, code: int) -> None:
    """Close its connection with this code, and wait until it has another."""
    passages = len(scene.middle.passages)
    await scene.middle.close(code)
    await scene.until(
        lambda _: len(scene.middle.passages) > passages,
        f"it did not come back after the close code {code}",
    )
