"""After a flood a process is as large as before."""

import gc
import weakref

from structlog.testing import capture_logs

from app.memory import GROWN_BYTES, LOOKS_AFTER, MemoryKeeper, give_back, resident_bytes

MEGABYTE = 1_000_000
BUDGET = 400 * MEGABYTE


class Process:
    """Its memory: what it needs, and what was freed and is still its own."""

    def __init__(self) -> None:
        self.needed = 100 * MEGABYTE
        self.free = 0
        self.pauses = 0

    def resident(self) -> int:
        return self.needed + self.free

    def give_back(self) -> None:
        self.free = 0
        self.pauses += 1

    def end(self, n_bytes: int) -> None:
        """Something ends by itself; its memory is still the process's own."""
        self.needed -= n_bytes
        self.free += n_bytes


def pauses_of(process: Process, keeper: MemoryKeeper, looks: int) -> int:
    before = process.pauses
    for _ in range(looks):
        keeper.look()
    return process.pauses - before


def test_a_process_that_does_not_grow_never_pauses() -> None:
    process = Process()
    keeper = MemoryKeeper(BUDGET, resident=process.resident, give_back=process.give_back)
    process.needed += GROWN_BYTES
    assert pauses_of(process, keeper, 100) == 0


def test_memory_is_given_back_once_it_has_grown() -> None:
    process = Process()
    keeper = MemoryKeeper(BUDGET, resident=process.resident, give_back=process.give_back)
    process.free = GROWN_BYTES + 1
    assert pauses_of(process, keeper, 1) == 1
    assert process.free == 0
    assert pauses_of(process, keeper, 100) == LOOKS_AFTER


def test_memory_freed_after_the_look_at_its_peak_is_given_back_too() -> None:
    """The peak was remembered as the least, so nothing was given back until the process had outgrown it."""
    process = Process()
    keeper = MemoryKeeper(BUDGET, resident=process.resident, give_back=process.give_back)
    process.needed += 200 * MEGABYTE
    assert pauses_of(process, keeper, 1) == 1
    process.end(150 * MEGABYTE)
    keeper.look()
    assert process.resident() == 150 * MEGABYTE
    process.end(50 * MEGABYTE)
    keeper.look()
    assert process.resident() == 100 * MEGABYTE


def test_a_process_that_grows_for_good_pauses_a_few_times() -> None:
    process = Process()
    keeper = MemoryKeeper(BUDGET, resident=process.resident, give_back=process.give_back)
    process.needed += 50 * MEGABYTE
    assert pauses_of(process, keeper, 100) == 1 + LOOKS_AFTER


def test_a_process_above_its_budget_says_so_once_and_when_it_is_back() -> None:
    process = Process()
    keeper = MemoryKeeper(BUDGET, resident=process.resident, give_back=process.give_back)
    with capture_logs() as lines:
        process.needed = BUDGET - MEGABYTE
        process.free = 100 * MEGABYTE  # given back, so it does not count
        keeper.look()
        assert lines == []
        process.needed = BUDGET + MEGABYTE
        for _ in range(10):
            keeper.look()
        process.needed = BUDGET - MEGABYTE  # not yet: it would say so again and again
        keeper.look()
        assert [(each["event"], each["log_level"]) for each in lines] == [
            ("memory_over_budget", "warning")
        ]
        process.needed = 300 * MEGABYTE
        for _ in range(10):
            keeper.look()
    assert [each["event"] for each in lines[1:]] == ["memory_within_budget"]
    assert (lines[1]["resident_mb"], lines[1]["budget_mb"]) == (300, 400)


def test_cycles_and_free_memory_go() -> None:
    class Page:
        """Refers to itself, as pages do."""

        def __init__(self) -> None:
            self.itself = self
            self.text = bytearray(1_000_000)

    gc.disable()
    try:
        pages = [Page() for _ in range(50)]
        last = weakref.ref(pages[-1])
        before = resident_bytes()
        pages.clear()
        give_back()
    finally:
        gc.enable()
    assert last() is None
    assert before == 0 or resident_bytes() < before - 30_000_000
