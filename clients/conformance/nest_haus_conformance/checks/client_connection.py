"""The duties of a client about its connection: one at a time, ended and renewed in time."""

import asyncio
import time

from nest_haus_conformance.client import PAUSE_SECONDS, Client, Refusing, Scene
from nest_haus_conformance.verdicts import Checks, allow, expect

ATTEMPTS_MAX = 12
QUIET_SECONDS = 5
QUIET_ANSWERS = 50
"""Answers that the client must give in between, so that a slow machine gets more time."""
FINAL_SECONDS = 1.5
RESUMABLE = (1012, 1001, 1013, 4008, 4011, 4029)
RETRY_AFTER_MS = 1500
LONG_RETRY_AFTER_MS = 10_000
"""Longer than a client on a slow machine takes to connect and join again."""

check: Checks[Client] = Checks()


@check("CL5")
async def _one_connection(client: Client) -> None:
    """It uses a single connection as long as that works."""
    async with client.scene() as scene:
        for number in (1, 2, 3):
            await scene.driver.op(scene.house.select(number))
            await scene.outcome(number - 1)
        await scene.check_same(3)
        passages = len(scene.middle.passages)
        expect(passages == 1, f"it opened {passages} connections")


@check("CL5")
async def _patience(client: Client) -> None:
    """While no server answers, it tries again, but with pauses."""
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
    """After a resumable close code it reconnects and misses nothing."""
    async with client.scene() as scene:
        for number, code in enumerate(RESUMABLE, start=1):
            await _sent_away(scene, code)
            await scene.check_same(await scene.others_edit(number))
            await scene.driver.op(scene.house.select_other(number))
            await scene.outcome(number - 1)


@check("CL5")
async def _goodbye(client: Client) -> None:
    """If the server names a delay before it ends a connection, the client waits that long."""
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
    """A temporarily refused join is sent again, and not before the time that the server named."""
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


@check("CL9", "LM1")
async def _told_to_wait_elsewhere(client: Client) -> None:
    """An op that the server refused for a while is not sent sooner on a new connection."""
    async with client.scene() as scene:
        passages = scene.middle.passages
        refusing = Refusing("not_saved", retryable=True, retry_after_ms=LONG_RETRY_AFTER_MS)
        scene.middle.answer = refusing
        await scene.driver.op(scene.house.select(1))
        await scene.until(lambda _: refusing.times, "the op was not sent")
        scene.middle.cut()
        await scene.until(lambda _: len(passages) > 1, "it did not come back")
        allow(LONG_RETRY_AFTER_MS / 1000)
        await asyncio.sleep(LONG_RETRY_AFTER_MS / 1000)
        await scene.outcome(0)
        waited = refusing.times[1] - refusing.times[0]
        expect(waited * 1000 >= LONG_RETRY_AFTER_MS * 0.95, f"it waited only {waited:.2f} s")


@check("CL5", "ER2")
async def _final(client: Client) -> None:
    """After a final code and its close code it does not reconnect."""
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
