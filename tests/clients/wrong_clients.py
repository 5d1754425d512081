"""Mistakes of clients and what the kit must say of each; ``tests/support/wrong_client`` makes them.

``python -m tests.clients.wrong_clients URL [MISTAKE ...]`` tries the whole kit with each of them
and prints every rule that it calls broken: those of the table, and what follows from them.
"""

import asyncio
import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nest_haus_conformance.__main__ import client_checks
from nest_haus_conformance.client import Client
from nest_haus_conformance.verdicts import Check, Verdict, judge

CHECKOUT = Path(__file__).parents[2]
SECONDS = 100.0
"""The time of a check. No client counts as wrong for using it up: a verdict says what was seen."""
STEP_SECONDS = 30.0
SHORT_STEP_SECONDS = 4.0
"""The time of a step of a client from which the kit must see that a message never comes."""
AT_ONCE = 5


@dataclass(frozen=True, slots=True)
class Told:
    """The expected verdict on a mistake: the rule, the check, and these words about what it saw."""

    rule: str
    check: str
    words: str


MISTAKES = {
    # connection
    "join_before_hello": Told("CN1", "hello", "its first message is join"),
    "token_in_address": Told("CN2", "hello", "the token is in the address"),
    "connection_for_each_op": Told("CL5", "one_connection", "it opened 4 connections"),
    "no_backoff": Told("CL5", "patience", "attempts in"),
    "retry_after_ignored": Told("CL5", "told_to_wait", "it waited only"),
    "goodbye_forgotten": Told("CL5", "goodbye", "it stayed away only"),
    "join_refused_for_ever": Told("CL6", "join_refused", "it did not join again"),
    "join_refused_hurried": Told("CL5", "join_refused", "it waited only"),
    "flooding_is_final": Told("CL5", "resumable", "it did not come back"),
    "final_close_ignored": Told("CL5", "final", "it connected again"),
    "resumable_close_is_final": Told("CL5", "resumable", "it did not come back"),
    "waits_for_ever": Told("CL12", "no_answer", "the silent connection was kept"),
    # what the server says
    "another_house_applied": Told("CL1", "other_house", "another selection"),
    "only_asked_ops": Told("CL1", "several_at_once", "it did not get to version 2"),
    "only_asked_snapshots": Told("CL1", "unasked_snapshot", "it did not get to version 1"),
    "position_without_epoch": Told(
        "CL2", "position_of_another_history", "position named another epoch"
    ),
    "clear_ignored": Told("CL1", "changes", "another selection"),
    "epoch_ignored": Told("CL1", "foreign_op", "another selection"),
    "first_change_only": Told("CL1", "changes", "another selection"),
    "gap_applied": Told("CL2", "gap", "version 3 came without 2"),
    "gap_ignored": Told("CL2", "gap", "version 3 came without 2"),
    "last_of_ops_only": Told("JN3", "missed", "another selection"),
    "latin_1": Told("MS1", "text", "became"),
    "left_ignored": Told("CL11", "access_ended", "was not told"),
    "op_applied_twice": Told("CL1", "doubles", "it has version"),
    "position_ignored": Told("CL2", "silent_loss", "position named version 2"),
    "position_is_a_version": Told("CL2", "silent_loss", "position named version 2"),
    "quantity_dropped": Told("CL1", "changes", "another selection"),
    "rule_changes_dropped": Told("SN2", "changes", "another selection"),
    "since_missing": Told("CL2", "gap", "it joined with the position None"),
    "since_one_less": Told("CL2", "gap", "it joined with the position"),
    "since_one_more": Told("CL2", "gap", "it joined with the position"),
    "smaller_snapshot_ignored": Told("CL1", "another_history", "the snapshot of the other epoch"),
    "snapshot_merged": Told("CL1", "snapshot", "another selection"),
    "total_of_conflict": Told("CL11", "every_outcome", "the price"),
    "total_of_snapshot_ignored": Told("CL1", "snapshot", "the price"),
    "unknown_code_is_final": Told("CL6", "unknown_codes", "told as refused"),
    "unknown_field_is_fatal": Told("CL6", "newer_server", "ended by itself"),
    "unknown_type_is_fatal": Told("CL6", "newer_server", "ended by itself"),
    "version_of_outcome": Told("CL4", "ops", "which it has not seen"),
    # the ops that it is asked for
    "adjusted_told_as_committed": Told(
        "CL11", "every_outcome", "it told committed, committed, committed"
    ),
    "all_at_once": Told("CL9", "one_at_a_time", "before the last was answered"),
    "all_sent_again": Told("CL3", "answered_is_over", "was sent again"),
    "base_version_invented": Told("OP9", "ops", "which it has not seen"),
    "conflict_silent": Told("CL11", "every_outcome", "outcome 5 was not told"),
    "equal_ops_are_one": Told("CL3", "offline", "5 are pending, not 6"),
    "guess_is_confirmed": Told("CL4", "honest", "a choice nobody confirmed"),
    "guess_is_priced": Told("CL8", "honest", "a price nobody confirmed"),
    "new_op_id_again": Told("CL3", "lost_question", "another op_id"),
    "no_bound": Told("CL10", "bounded", "all 2500 ops wait"),
    "one_op_id_for_all": Told("OP4", "ops", "ops have these op ids"),
    "other_body_again": Told("CL3", "lost_question", "another body"),
    "outcome_of_anybodys_op": Told("CL4", "honest", "another's op is not its outcome"),
    "second_refusal_is_final": Told("CL6", "unknown_codes", "told as refused"),
    "second_outcome_told": Told("CL11", "told_once", "it told"),
    "outcome_told_twice": Told("CL11", "every_outcome", "it told committed, committed, committed"),
    "overflow_dropped": Told("CL10", "bounded", "dropped without a word"),
    "pause_lost_with_line": Told("CL9", "told_to_wait_elsewhere", "it waited only"),
    "queue_lost_with_epoch": Told(
        "CL3", "kept_in_another_history", "that the server takes was told as refused"
    ),
    "queue_lost_with_line": Told("CL3", "lost_question", "outcome 1 was not told"),
    "queue_lost_with_snapshot": Told("CL3", "lost_question", "outcome 1 was not told"),
    "queue_reversed": Told("CL3", "offline", "version 1 is"),
    "refusal_silent": Told("CL11", "refused", "was not told"),
    "refusal_ends_all": Told("CL3", "refused_alone", "that the server takes was told as refused"),
    "refused_goes_last": Told("CL9", "one_at_a_time", "version 1 is"),
    "refused_tried_again": Told("CL11", "refused", "an outcome of an op that was refused"),
    "rejected_silent": Told("CL11", "every_outcome", "outcome 4 was not told"),
    "rejected_tried_again": Told("CL11", "every_outcome", "was sent again"),
    "repeated_ignored": Told("CL3", "lost_answer", "outcome 1 was not told"),
    "total_of_outcome": Told("CL8", "old_outcome", "the price"),
    "told_as_done": Told("CL4", "honest", "0 are pending, not 1"),
    "under_way_goes_last": Told("CL3", "order_kept", "version 1 is"),
    "undo_first": Told("CL3", "offline", "not {'kind': 'undo'}"),
    # a backup that is put back
    "base_version_of_another_epoch": Told("CL15", "epoch_of_ops", "of an epoch that has none such"),
    "epoch_missing": Told("CL15", "epoch_of_ops", "an op without an epoch"),
    "epoch_of_the_first_snapshot": Told("CL15", "epoch_of_ops", "the op names the epoch"),
    "restore_moment_invented": Told("CL15", "restored_again", "that the house was restored to"),
    "restore_said_once": Told("CL15", "restored_again", "(1 times, not 2)"),
    "restore_said_twice": Told("CL15", "restored", "it said 2 times"),
    "restore_silent": Told("CL15", "restored", "it did not say that the house was restored"),
    "restore_without_moment": Told("CL15", "restored", "restored to [None]"),
    "restored_by_any_snapshot": Told("CL15", "not_restored", "and nothing was"),
    "restored_by_its_moment": Told("CL15", "not_restored", "and nothing was"),
    "undo_moves_along": Told("CL15", "waiting_undo", "an outcome of an op that was refused"),
}


def command(mistake: str) -> str:
    """The command of the client with this mistake; "" for the right one."""
    program = [sys.executable, "-m", "tests.support.wrong_client", mistake]
    return shlex.join(["env", f"PYTHONPATH={CHECKOUT}", *program])


async def verdicts(
    url: str,
    mistake: str,
    checks: Sequence[Check[Client]],
    *,
    seconds: float = SECONDS,
    step_seconds: float = STEP_SECONDS,
) -> list[Verdict]:
    """The verdicts of these checks on the client with this mistake; "" for the right one."""
    client = Client(url=url, command=command(mistake), step_seconds=step_seconds)
    turns = asyncio.Semaphore(AT_ONCE)

    async def one(check: Check[Client]) -> Verdict:
        async with turns:
            return await judge(check, client, seconds=seconds)

    async with asyncio.TaskGroup() as tasks:
        judged = [tasks.create_task(one(check)) for check in checks]
    return [task.result() for task in judged]


async def survives(url: str, mistake: str) -> str | None:
    """The verdict, if it is not the expected one on this mistake; None if it is."""
    told = MISTAKES[mistake]
    (check,) = [each for each in client_checks([told.rule]) if each.name == told.check]
    (verdict,) = await verdicts(url, mistake, [check], step_seconds=SHORT_STEP_SECONDS)
    if verdict.state == "broken" and told.words in verdict.why:
        return None
    return f"{mistake}: {verdict.state} {verdict.why}"


async def _try_all(url: str, mistakes: Sequence[str]) -> None:
    for mistake in mistakes:
        found = await verdicts(url, mistake, client_checks([]))
        broken = [f"{' '.join(each.rules)}: {each.why}" for each in found if each.why]
        print(f"{mistake} ({MISTAKES.get(mistake)})", *broken, sep="\n    ", flush=True)


if __name__ == "__main__":
    asyncio.run(_try_all(sys.argv[1], sys.argv[2:] or ["", *MISTAKES]))
