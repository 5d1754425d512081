"""The delay doubles up to its limit, and a steady life resets it."""

from app.programs.restarts import Restarts
from app.programs.server_process import LONGEST_PAUSE_SECONDS


def test_doubles_to_the_limit_and_starts_over_after_a_steady_life() -> None:
    restarts = Restarts()
    delays = [restarts.delay_seconds(alive_seconds=0.1) for _ in range(8)]
    assert delays == [0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10.0, 10.0]
    assert restarts.delay_seconds(alive_seconds=30.0) == 0.2


def test_a_server_is_back_within_5_s_of_the_moment_it_can_start() -> None:
    restarts = Restarts(longest_seconds=LONGEST_PAUSE_SECONDS)
    assert max(restarts.delay_seconds(alive_seconds=0.1) for _ in range(20)) <= 4.0
