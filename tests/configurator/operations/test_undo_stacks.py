"""The steps that somebody can take back, worked out from the log."""

from collections.abc import Callable
from random import Random

import pytest

from configurator.operations.undo import HISTORY_VERSIONS, KEPT, OwnOp, Stacks, stacks
from tests.configurator.operations.taking_back import REDO, UNDO


def own_log(seed: int, length: int) -> list[OwnOp]:
    """Ops of one person, undo and redo as their stacks allow."""
    dice = Random(seed)
    log: list[OwnOp] = []
    reached, version = Stacks(), 0
    while len(log) < length:
        version += dice.randint(1, 3)
        selects = 5 if len(log) < 20 else 0.1 + 2 * (seed % 4)
        kind = dice.choices(["select", "undo", "redo"], [selects, 3, 2])[0]
        asked = UNDO if kind == "undo" else REDO if kind == "redo" else None
        reverts = None if asked is None else reached.next(asked)
        if asked is None or reverts is not None:
            changed = dice.random() > 0.02
            log.append(OwnOp(version=version, kind=kind, reverts=reverts, changed=changed))
            reached = reached.after(log[-1])
    return log


def ends_like(part: Stacks, whole: Stacks) -> bool:
    """Whether the steps in `part` are the newest of `whole`, and all if it says so."""
    undo, redo = (
        whole.undo[len(whole.undo) - len(part.undo) :],
        whole.redo[-len(part.redo) or KEPT :],
    )
    return (
        (part.undo, part.redo) == (undo, redo)
        and (part.undo_goes_on or part.undo == whole.undo or whole.undo_goes_on)
        and (part.redo_goes_on or part.redo == whole.redo or whole.redo_goes_on)
    )


@pytest.mark.parametrize("seed", range(12))
def test_the_newest_ops_of_the_log_give_the_newest_steps(seed: int) -> None:
    """(UN10) Whatever part of the log is read, and as they are kept op by op."""
    log = own_log(seed, 600)
    kept = Stacks()
    for length, op in enumerate(log, start=1):
        kept = kept.after(op)
        if length % 37 == 0:
            whole = stacks(log[:length])
            assert ends_like(kept, whole)
            for newest in (1, 20, 150, 400):
                part = stacks(log[max(0, length - newest) : length], goes_on=newest < length)
                assert ends_like(part, whole)
        assert not set(kept.undo) & set(kept.redo)
        assert max(len(kept.undo), len(kept.redo)) <= KEPT


IN_BETWEEN: dict[str, Callable[[int], list[OwnOp]]] = {
    "nothing": lambda _: [],
    "what is chosen already": lambda v: [
        OwnOp(version=v + n, kind="select", reverts=None, changed=False) for n in range(3)
    ],
    "undo and redo": lambda v: [
        OwnOp(version=v, kind="undo", reverts=v - 1, changed=True),
        OwnOp(version=v + 1, kind="redo", reverts=v, changed=True),
    ],
    "a change that was taken back": lambda v: [
        OwnOp(version=v, kind="select", reverts=None, changed=True),
        OwnOp(version=v + 1, kind="undo", reverts=v, changed=True),
    ],
}


@pytest.mark.parametrize("between", IN_BETWEEN)
def test_a_hundred_steps_are_a_hundred_changes(between: str) -> None:
    """(UN10) Whatever else the person did between them, and others."""
    log: list[OwnOp] = []
    for change in range(100):
        version = 1 + 90 * change
        log.append(OwnOp(version=version, kind="select", reverts=None, changed=True))
        log += IN_BETWEEN[between](version + 1)
    reached = stacks(log).within(log[-1].version)
    assert len(reached.undo) == 100
    for version in range(10_000, 10_100):
        assert reached.known
        step = reached.next(UNDO)
        assert step is not None
        reached = reached.after(OwnOp(version=version, kind="undo", reverts=step, changed=True))
    assert reached.next(UNDO) is None
    assert len(reached.redo) >= 100


def test_a_stack_that_goes_on_says_so_when_its_newest_steps_are_taken() -> None:
    """(UN10)"""
    log = [
        OwnOp(version=version, kind="select", reverts=None, changed=True)
        for version in range(1, KEPT + 51)
    ]
    kept = stacks(log)
    for version in range(KEPT, 0, -1):
        assert kept.known
        log.append(OwnOp(version=1000 - version, kind="undo", reverts=version + 50, changed=True))
        kept = kept.after(log[-1])
    assert not kept.known
    assert stacks(log).undo == tuple(range(1, 51))


def test_an_op_very_many_versions_back_is_forgotten() -> None:
    """(UN10)"""
    log = [OwnOp(version=version, kind="select", reverts=None, changed=True) for version in (1, 5)]
    log.append(OwnOp(version=7, kind="undo", reverts=5, changed=True))
    kept = stacks(log)

    assert kept.within(HISTORY_VERSIONS) == kept
    assert kept.within(HISTORY_VERSIONS + 1) == Stacks(redo=(7,))
    assert kept.within(HISTORY_VERSIONS + 7) == Stacks()
