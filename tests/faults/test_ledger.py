"""The ledger itself: a restore excuses what was acknowledged after its backup, and nothing else."""

from uuid import UUID, uuid4

import pytest

from tests.faults.load.ledger import Acknowledged, Ledger, Restored, Span

HOUSE = UUID(int=1)
BACKED_UP, EARLIEST, LATEST = 10.0, 20.0, 21.0
OLD = "the epoch that is gone"


def told(ledger: Ledger, *, sent: float, answered: float, op_id: UUID | None = None) -> UUID:
    """Acknowledge an op; each answer says another version."""
    answer = Acknowledged(
        configuration=HOUSE,
        op_id=op_id or uuid4(),
        outcome="committed",
        version=len(ledger.acknowledgements) + 1,
        total_cents=1,
    )
    ledger.acknowledge(answer, Span(asked=sent, sent=sent, answered=answered))
    return answer.op_id


def restored(ledger: Ledger, *kept: UUID) -> Ledger:
    ledger.put_back(
        Restored(
            kept=frozenset(kept),
            epoch=OLD,
            backed_up=BACKED_UP,
            earliest=EARLIEST,
            latest=LATEST,
        )
    )
    return ledger


def test_an_edit_that_was_acknowledged_before_the_backup_has_to_be_in_it() -> None:
    ledger = Ledger(seed=1)
    kept, lost = (told(ledger, sent=1, answered=moment) for moment in (2, 3))
    restored(ledger, kept)
    assert set(ledger.ops) == {kept}
    assert [str(lost) in problem for problem in ledger.problems] == [True]


def test_an_edit_that_was_acknowledged_since_is_gone_unless_the_backup_has_it() -> None:
    ledger = Ledger(seed=1)
    kept, gone = (told(ledger, sent=9, answered=moment) for moment in (11, 19))
    restored(ledger, kept)
    assert (set(ledger.ops), set(ledger.gone), ledger.problems) == ({kept}, {gone}, [])


def test_an_edit_that_was_sent_after_the_restore_has_to_be_stored() -> None:
    ledger = Ledger(seed=1)
    new = told(ledger, sent=LATEST, answered=LATEST + 1)
    restored(ledger).settle(set())
    assert set(ledger.ops) == {new}
    later = told(ledger, sent=LATEST + 2, answered=LATEST + 3)
    ledger.settle(set())
    assert set(ledger.ops) == {new, later}


@pytest.mark.parametrize("noted", ["before", "after"])
@pytest.mark.parametrize("is_stored", [True, False])
def test_the_database_decides_about_an_edit_under_way(noted: str, *, is_stored: bool) -> None:
    """The answer is there before the ledger knows of the restore, or after."""
    ledger = Ledger(seed=1)
    if noted == "after":
        restored(ledger)
    under_way = told(ledger, sent=19, answered=LATEST + 1)
    if noted == "before":
        restored(ledger)
    ledger.settle({under_way} if is_stored else set())
    assert (under_way in ledger.ops, under_way in ledger.gone) == (is_stored, not is_stored)


def test_an_edit_of_the_past_is_judged_once_more_and_then_has_one_answer() -> None:
    ledger = Ledger(seed=1)
    op_id = told(ledger, sent=18, answered=19)
    restored(ledger)
    told(ledger, sent=30, answered=31, op_id=op_id)
    assert (ledger.again, ledger.problems) == ({op_id}, [])
    told(ledger, sent=32, answered=33, op_id=op_id)
    assert "two answers to one op" in ledger.problems[0]


def test_an_op_shown_in_the_past_is_stored_if_every_later_backup_has_it() -> None:
    kept, only_later = uuid4(), uuid4()
    ledger = restored(restored(Ledger(seed=1), kept), kept, only_later)
    ledger.restores[1] = Restored(
        kept=frozenset({kept, only_later}),
        epoch="the second",
        backed_up=BACKED_UP,
        earliest=EARLIEST,
        latest=LATEST,
    )
    assert ledger.is_to_be_stored(OLD, kept)
    assert not ledger.is_to_be_stored(OLD, only_later)
    assert ledger.is_to_be_stored("the second", only_later)
    assert ledger.is_to_be_stored("the present one", uuid4())


def test_only_what_was_asked_for_in_the_past_may_be_refused_because_its_base_is_gone() -> None:
    ledger = restored(Ledger(seed=1))
    answers = (
        (OLD, 99.0, True),
        ("the present one", 19.0, False),
        ("", 19.0, True),
        ("", 99.0, False),
    )
    for epoch, sent, may_be in answers:
        op_id = uuid4()
        ledger.refuse(op_id, epoch, sent)
        assert ledger.may_be_refused(ledger.refused[op_id]) is may_be, (epoch, sent)
