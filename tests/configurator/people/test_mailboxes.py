"""All spellings of one address have one form, and nobody else's has it."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from configurator.people.mailboxes import mailbox

ONE = {
    "a domain, as people and as DNS write it": [
        "info@häuser-müller.example",
        "INFO@HÄUSER-MÜLLER.EXAMPLE",
        "info@xn--huser-mller-l8a23a.example",
        "Info@XN--Huser-Mller-l8a23a.Example",
        "info@ha\u0308user-mu\u0308ller.example",
        "info@häuser-müller.example.",
        "info@ｈäｕｓｅｒ-müller．example",
        "info@häuser-müller。example",
        " info@häuser-müller.example\n",
        '"info"@häuser-müller.example',
    ],
    "a local part with an umlaut": [
        "jürgen@x.example",
        "ju\u0308rgen@x.example",
        "JÜRGEN@x.example",
    ],
    "a dotted capital": ["İpek@example.at", "I\u0307pek@example.at", "i\u0307pek@EXAMPLE.at"],
    "a sigma at the end": ["ΟΔΟΣ@x.example", "οδος@x.example", "οδοσ@x.example"],
    "an emoji, which IDNA does not know": ["i@💩.example", "I@xn--ls8h.example"],
    "an underscore": ["i@_dmarc.ä.example", "i@_DMARC.xn--4ca.example"],
    "quotes that are needed": ['"a b"@x.example', '"A B"@X.example'],
    "no address": ["Somebody", "somebody "],
}
TWO = [
    ("İpek@example.at", "ipek@example.at"),
    ("ılgaz@x.example", "ilgaz@x.example"),
    ("straße@x.example", "strasse@x.example"),
    ("i@straße.example", "i@strasse.example"),
    ("i@faß.example", "i@xn--fass-.example"),
    ("ｉｎｆｏ@x.example", "info@x.example"),
    ("a.b@x.example", "ab@x.example"),
    ("a+b@x.example", "a@x.example"),
    ("jurgen@x.example", "jürgen@x.example"),
    ("i@xn--a-ecp.example", "i@a1..example"),
    ('"a b"@x.example', "ab@x.example"),
    ('"a@x.example"@y.example', "a@x.example"),
    ("a@b@x.example", "b@x.example"),
    ("info@x.example", "info@xn--x.example"),
    ("а@x.example", "a@x.example"),
]


@pytest.mark.parametrize("spellings", ONE.values(), ids=ONE)
def test_one_address_in_all_its_spellings(spellings: list[str]) -> None:
    assert {mailbox(each) for each in spellings} == {mailbox(spellings[0])}


@pytest.mark.parametrize(("one", "other"), TWO)
def test_two_addresses_stay_two(one: str, other: str) -> None:
    assert mailbox(one) != mailbox(other)


def test_forms_differ_between_groups() -> None:
    assert len({mailbox(spellings[0]) for spellings in ONE.values()}) == len(ONE)


@given(st.text(max_size=80))
def test_every_text_has_a_form_that_is_its_own(text: str) -> None:
    form = mailbox(text)
    assert mailbox(form) == form
    assert mailbox(unicodedata.normalize("NFC", text)) == mailbox(
        unicodedata.normalize("NFD", text)
    )
