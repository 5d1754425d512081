"""What a client must do with its connection: one, given up and opened again at the right times."""

import asyncio
import time

from nest_haus_conformance.client import PAUSE_SECONDS, Client, Refusing, Scene
from nest_haus_conformance.verdicts import Checks, expect

ATTEMPTS_MAX = 12
QUIET_SECONDS = 5
QUIET_ANSWERS = 50
"""The client answers so often meanwhile: on a slow machine it gets longer to make its attempts."""
FINAL_SECONDS = 1.5
RESUMABLE = (1012, 1001, 1013, 4008, 4011, 4029)
RETRY_AFTER_MS = 1500

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


@check("CL5")
async def _goodbye(client: Client) -> None:
    """When the server says how long to stay away before it ends a connection, it does."""
    async with client.scene() as scene:
        passages = scene.middle.passages
        message = {"de": "Versuche es gleich noch einmal.", "en": "Try again in a moment."}
        error = {"type": "error", "code": "unavailable", "message": message, "retryable": True}
        began = time.monotonic()
        await scene.middle.say({**error, "retry_after_ms": RETRY_AFTER_MS})
        await scene.middle.close(1013)
        await scene.until(lambda _: len(passages) > 1, "it did not come back")
        waited = passages[1].began - began
        expect(waited * 1000 >= RETRY_AFTER_MS * 0.95, f"it stayed away only {waited:.2f} s")
        await scene.check_same(await scene.others_edit(1))


@check("CL5", "CL6")
async def _join_refused(client: Client) -> None:
    """A join that is refused for a while is sent again, and not before the time that was told."""
    async with client.scene() as scene:
        refusing = Refusing(
            "unavailable", type_="join", retryable=True, retry_after_ms=RETRY_AFTER_MS
        )
        scene.middle.answer = refusing
        scene.middle.cut()
        await scene.until(lambda _: len(refusing.times) > 1, "it did not join again")
        waited = refusing.times[1] - refusing.times[0]
        expect(waited * 1000 >= RETRY_AFTER_MS * 0.95, f"it waited only {waited:.2f} s")
        await scene.check_same(await scene.others_edit(1))


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
