"""After a flood a process is as large as before."""

import gc
import weakref

from app.memory import GROWN_BYTES, MemoryKeeper, give_back, resident_bytes


def test_memory_is_given_back_once_it_has_grown() -> None:
    sizes = iter(
        [
            100,
            100 + GROWN_BYTES,
            101 + GROWN_BYTES,
            105,
            100 + GROWN_BYTES,
            50,
            60 + GROWN_BYTES,
            70,
        ]
    )
    given: list[int] = []
    keeper = MemoryKeeper(resident=lambda: next(sizes), give_back=lambda: given.append(1))
    grown = []
    for _ in range(5):
        keeper.look()
        grown.append(len(given))
    assert grown == [0, 1, 1, 1, 2]


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
