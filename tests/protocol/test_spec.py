"""docs/SPEC.md and the tests agree: every rule is proved somewhere, every cited rule exists."""

import re

import pytest

from tests.protocol import spec


def test_every_rule_is_proved_by_a_test() -> None:
    cited = spec.citations()
    unproved = [rule.id for rule in spec.rules() if rule.id not in cited and not rule.excused]
    assert unproved == []


def test_every_cited_rule_exists() -> None:
    known = {rule.id for rule in spec.rules()}
    unknown = {each: sorted(files) for each, files in spec.citations().items() if each not in known}
    assert unknown == {}


PAGE, PACKAGE = "tests/ui/js/", "clients/js/test/state/"
ELSEWHERE = {PAGE: set[str](), PACKAGE: {"CL5", "CL12", "CL13"}}
"""Rules about the connection and watching, which the conformance kit proves for the package.

For the page, of CL5 only the pauses between two attempts are not proved: they are those of the
Socket.IO client that NiceGUI opens, 0.5 to 1.5 seconds at first and at most 5.
"""


@pytest.mark.parametrize("proof", [PAGE, PACKAGE])
def test_rules_for_clients_are_proved_for_the_page_and_for_the_package(proof: str) -> None:
    """The tests run in Node, without a browser and a server."""
    kept = {rule.id for rule in spec.rules() if rule.id.startswith("CL")} - ELSEWHERE[proof]
    cited = spec.citations()
    proved = {rule for rule in kept if any(each.startswith(proof) for each in cited[rule])}
    assert kept - proved == set()


def test_rules_are_numbered_without_gap() -> None:
    groups: dict[str, list[int]] = {}
    for rule in spec.rules():
        groups.setdefault(rule.id[:2], []).append(int(rule.id[2:]))
    assert {g: n for g, n in groups.items() if n != list(range(1, len(n) + 1))} == {}


def test_a_rule_is_short_and_not_excused_once_it_is_proved() -> None:
    """One or two sentences that somebody can test; an excuse is for what nobody proves."""
    cited = spec.citations()
    for rule in spec.rules():
        assert len(rule.text) <= 480, rule.id
        assert not (rule.excused and rule.id in cited), rule.id


def test_every_promise_leads_to_rules_that_exist() -> None:
    known = {rule.id for rule in spec.rules()}
    table = spec.text().partition("## Promises and their rules")[2]
    named = set(re.findall(r"\b[A-Z]{2}\d+\b", table))
    assert named - known == set()
    for promise in [*(f"I{n}" for n in range(1, 19)), *(f"P{n}" for n in range(1, 13))]:
        assert re.search(rf"\| {promise} [^|]+\| ([A-Z]{{2}}\d+(, )?)+ \|", table), promise


def test_the_table_of_codes_is_current() -> None:
    """Renew it with `python -m tests.protocol.spec`. (ER1)"""
    assert spec.with_current_codes(spec.text()) == spec.text()
