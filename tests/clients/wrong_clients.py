"""Mistakes of clients and the rule that each breaks; ``tests/support/wrong_client.py`` makes them.

``python -m tests.clients.wrong_clients URL [MISTAKE ...]`` tries the whole kit with each of them
and prints every rule that it calls broken: those of the table, and what follows from them.
"""

import asyncio
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from nest_haus_conformance.__main__ import client_checks
from nest_haus_conformance.client import Client
from nest_haus_conformance.verdicts import Check, Verdict, judge

PROGRAM = Path(__file__).parents[1] / "support" / "wrong_client.py"
SECONDS = 30.0
AT_ONCE = 5

BROKEN_BY = {
    # connection
    "join_before_hello": "CN1",
    "token_in_address": "CN2",
    "connection_for_each_op": "CL5",
    "no_backoff": "CL5",
    "retry_after_ignored": "CL5",
    "final_close_ignored": "CL5",
    "resumable_close_is_final": "CL5",
    "waits_for_ever": "CL12",
    # what the server says
    "clear_ignored": "CL1",
    "epoch_ignored": "CL1",
    "first_change_only": "CL1",
    "gap_applied": "CL2",
    "gap_ignored": "CL2",
    "last_of_ops_only": "JN3",
    "latin_1": "MS1",
    "left_ignored": "CL11",
    "op_applied_twice": "CL1",
    "position_ignored": "CL2",
    "position_is_a_version": "CL2",
    "quantity_dropped": "CL1",
    "rule_changes_dropped": "SN2",
    "since_missing": "CL2",
    "since_one_less": "CL2",
    "since_one_more": "CL2",
    "smaller_snapshot_ignored": "CL1",
    "snapshot_merged": "CL1",
    "total_of_conflict": "CL11",
    "total_of_snapshot_ignored": "CL1",
    "unknown_code_is_final": "CL6",
    "unknown_field_is_fatal": "CL6",
    "unknown_type_is_fatal": "CL6",
    "version_of_outcome": "CL4",
    # the ops that it is asked for
    "adjusted_told_as_committed": "CL11",
    "all_at_once": "CL9",
    "all_sent_again": "CL3",
    "base_version_invented": "OP9",
    "conflict_silent": "CL11",
    "equal_ops_are_one": "CL3",
    "guess_is_confirmed": "CL4",
    "new_op_id_again": "CL3",
    "no_bound": "CL10",
    "one_op_id_for_all": "OP4",
    "other_body_again": "CL3",
    "outcome_of_anybodys_op": "CL4",
    "overflow_dropped": "CL10",
    "queue_lost_with_line": "CL3",
    "queue_reversed": "CL3",
    "refusal_silent": "CL11",
    "refused_goes_last": "CL9",
    "refused_tried_again": "CL11",
    "rejected_silent": "CL11",
    "rejected_tried_again": "CL11",
    "repeated_ignored": "CL3",
    "told_as_done": "CL4",
    "undo_first": "CL3",
}


async def verdicts(
    url: str, mistake: str, checks: Sequence[Check[Client]], *, seconds: float = SECONDS
) -> list[Verdict]:
    """What these checks say of the client with this mistake; "" for the right one."""
    command = shlex.join([sys.executable, str(PROGRAM), mistake])
    client = Client(url=url, command=command, seconds=seconds)
    turns = asyncio.Semaphore(AT_ONCE)

    async def one(check: Check[Client]) -> Verdict:
        async with turns:
            return await judge(check, client, seconds=seconds)

    async with asyncio.TaskGroup() as tasks:
        judged = [tasks.create_task(one(check)) for check in checks]
    return [task.result() for task in judged]


async def kills(url: str, mistake: str) -> str | None:
    """Why the kit calls the rule of this mistake broken; None when it does not."""
    broken: list[str] = []
    found = asyncio.Event()

    async def one(check: Check[Client]) -> None:
        (verdict,) = await verdicts(url, mistake, [check])
        if verdict.state == "broken":
            broken.append(verdict.why)
            found.set()

    async with asyncio.TaskGroup() as tasks:
        judging = [tasks.create_task(one(each)) for each in client_checks([BROKEN_BY[mistake]])]

        async def stop() -> None:
            await found.wait()
            for task in judging:
                task.cancel()

        stopping = tasks.create_task(stop())
        await asyncio.wait(judging)
        stopping.cancel()
    return broken[0] if broken else None


async def _try_all(url: str, mistakes: Sequence[str]) -> None:
    for mistake in mistakes:
        found = await verdicts(url, mistake, client_checks([]))
        broken = [f"{' '.join(each.rules)}: {each.why}" for each in found if each.why]
        print(f"{mistake} ({BROKEN_BY.get(mistake)})", *broken, sep="\n    ", flush=True)  # noqa: T201


if __name__ == "__main__":
    asyncio.run(_try_all(sys.argv[1], sys.argv[2:] or ["", *BROKEN_BY]))
