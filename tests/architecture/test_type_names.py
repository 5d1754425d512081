"""One name is one type: the exceptions are the same noun in two layers, listed with their reason."""

from pathlib import Path

from tests.architecture.counts import types_by_name

CHECKOUT = Path(__file__).parents[2]
SAME_NOUN = {
    "AdminWatch": "what a page needs of the watch (a Protocol of ui.ports), and the watch",
    "FirstSight": "what a page needs of a first paint (a Protocol of ui.ports), and the answer",
    "OpenedPage": "what a page needs of an open tab (a Protocol of ui.ports), and the tab",
    "Person": "a person as stored, and as the protocol shows them to others",
    "ShareLink": "an invitation as stored, and as its makers see it",
}
"""Each name of a type that two modules may define."""


def test_two_types_have_the_same_name_only_where_they_are_the_same_noun() -> None:
    places = types_by_name(CHECKOUT)
    twice = {name: found for name, found in places.items() if len(found) > 1}
    assert {name: found for name, found in twice.items() if name not in SAME_NOUN} == {}
    assert set(SAME_NOUN) - set(twice) == set(), "defined once: remove it from the list"
    assert {name: found for name, found in twice.items() if len(found) > 2} == {}
