"""The facts that may be kept about a visitor, and the detection of bots; pure."""

import pytest
from crawleruseragents import CRAWLER_USER_AGENTS_DATA
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import HTTPConnection

from configurator.activity.interaction import PageVisit
from configurator.activity.tracking import TRACKED
from configurator.activity.visitor import (
    Consent,
    VisitorTraits,
    language_of,
    network_of,
    objection_of,
    printable,
    referrer_of,
)
from realtime.activity.intake.bots import BotDetector
from realtime.activity.intake.consent import VisitorReader
from realtime.people.cookies import Cookies

CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/141.0.0.0 Safari/537.36"
)
GOOGLE = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"


@pytest.fixture(scope="module")
def bots() -> BotDetector:
    return BotDetector([each["pattern"] for each in CRAWLER_USER_AGENTS_DATA])


@pytest.mark.parametrize(
    ("gpc", "dnt", "cookie", "consent", "objection"),
    [
        (None, None, None, "asked", "no_consent"),
        (None, None, "whatever", "asked", "no_consent"),
        (None, None, "none", "asked", "no_consent"),
        (None, None, "all", "asked", None),
        ("1", None, "all", "asked", "gpc"),
        (None, None, None, "assumed", None),
        (None, None, "all", "assumed", None),
        ("0", "0", "whatever", "assumed", None),
        (None, None, "none", "assumed", "no_consent"),
        (None, None, None, "required", "no_consent"),
        (None, None, "whatever", "required", "no_consent"),
        (None, None, "none", "required", "no_consent"),
        (None, None, "all", "required", None),
        ("1", None, "all", "assumed", "gpc"),
        ("1", "1", None, "required", "gpc"),
        (None, " 1 ", "all", "required", "dnt"),
    ],
)
def test_reasons_not_to_store_a_visitor(
    gpc: str | None, dnt: str | None, cookie: str | None, consent: Consent, objection: str | None
) -> None:
    """(AC10)"""
    found = objection_of(gpc=gpc, dnt=dnt, consent_cookie=cookie, consent=consent, on_our_page=True)
    assert found == objection


@pytest.mark.parametrize(
    ("consent", "cookie", "objection"),
    [
        ("asked", None, None),
        ("asked", "none", "no_consent"),
        ("required", None, "no_consent"),
        ("assumed", None, None),
    ],
)
def test_programs_answer_for_their_own_visitors(
    consent: Consent, cookie: str | None, objection: str | None
) -> None:
    """Unless `required` makes them say so. A refusal counts from everywhere. (AC10)"""
    found = objection_of(
        gpc=None, dnt=None, consent_cookie=cookie, consent=consent, on_our_page=False
    )
    assert found == objection


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.77", "203.0.113.0/24"),
        ("2001:db8:1234:5678:9abc::1", "2001:db8:1234::/48"),
        ("::ffff:203.0.113.77", "203.0.113.0/24"),
        ("fe80::1%eth0", "fe80::/48"),
        ("::1", "::/48"),
        ("house.example", None),
        ("203.0.113.77, 10.0.0.1", None),
        ("", None),
        (None, None),
    ],
)
def test_only_the_network_of_an_address_is_kept(address: str | None, network: str | None) -> None:
    """(AC11)"""
    assert network_of(address) == network


@given(st.ip_addresses())
def test_no_address_survives(address: object) -> None:
    found = network_of(str(address))
    assert found is not None
    assert len(found) <= 64
    assert found.endswith(("/24", "/48"))


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("de-AT,de;q=0.9,en;q=0.8", "de-AT"),
        ("DE-at", "de-AT"),
        ("en", "en"),
        ("zh-Hant-TW;q=1", "zh-Hant-TW"),
        ("*", None),
        ("", None),
        (None, None),
        ("<script>", None),
        ("x" * 5_000, None),
        ("de-abcdefgh-abcdefgh", "de-abcdefgh-abcd"),
    ],
)
def test_the_first_language_is_kept(text: str | None, language: str | None) -> None:
    assert language_of(text) == language


@pytest.mark.parametrize(
    ("text", "referrer"),
    [
        ("https://www.google.com/search?q=haus#top", "https://www.google.com/search"),
        ("https://anna:secret@Example.COM:8443/a/b", "https://example.com:8443/a/b"),
        ("http://[2001:db8::1]/x", "http://[2001:db8::1]/x"),
        ("https://example.com/" + "a" * 500, "https://example.com/" + "a" * 236),
        ("https://house.example/c/7K3M9QXA", None),
        ("https://exa\x00mple.com/\u202e", "https://example.com/"),
        ("android-app://com.google", None),
        ("javascript:alert(1)", None),
        ("https://[", None),
        ("https://a:99999999/", None),
        ("", None),
        (None, None),
    ],
)
def test_only_origin_and_path_of_a_referrer_are_kept(
    text: str | None, referrer: str | None
) -> None:
    """(AC11)"""
    assert referrer_of(text, own_host="House.example") == referrer


@given(st.text())
def test_no_text_makes_these_fail(text: str) -> None:
    for found, limit in (
        (language_of(text), 16),
        (referrer_of(text), 256),
        (printable(text), 256),
        (network_of(text), 64),
    ):
        assert found is None or 0 < len(found) <= limit


def test_facts_of_the_page_count_unless_there_is_an_objection() -> None:
    visit = PageVisit(language="en-GB", referrer="https://a.example/x?y")
    found = VisitorTraits(language="de", host="b.example").on(visit)
    assert (found.language, found.referrer) == ("en-GB", "https://a.example/x")
    assert VisitorTraits(language="de").on(PageVisit(language="?")).language == "de"
    objecting = VisitorTraits(objection="dnt")
    assert objecting.on(visit) is objecting


@pytest.mark.parametrize(
    ("user_agent", "purpose", "reason"),
    [
        (CHROME, None, None),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) Safari/604.1", None, None),
        (None, None, None),
        ("", None, None),
        (GOOGLE, None, "crawler Googlebot"),
        (CHROME.replace("Chrome/", "HeadlessChrome/"), None, "headless HeadlessChrome"),
        (CHROME, "prefetch;prerender", "prefetch"),
        (None, "Prefetch", "prefetch"),
        ("curl/8.11.0", None, "crawler curl"),
    ],
)
def test_bots_are_told_by_a_reason(
    bots: BotDetector, user_agent: str | None, purpose: str | None, reason: str | None
) -> None:
    """(AC12)"""
    for _ in range(2):
        assert bots.reason(user_agent, purpose=purpose) == reason


def test_every_reason_fits(bots: BotDetector) -> None:
    for each in CRAWLER_USER_AGENTS_DATA:
        for user_agent in each["instances"][:2]:
            reason = bots.reason(printable(user_agent))
            assert reason is None or 8 < len(reason) <= 128


def asking(**headers: str) -> HTTPConnection:
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return HTTPConnection({"type": "http", "headers": raw, "client": ("198.51.100.7", 5)})


def test_the_reader_sees_what_may_be_seen(bots: BotDetector) -> None:
    """(AC11, AC12)"""
    visitor_reader = VisitorReader(consent="assumed", bots=bots, cookies=Cookies())
    person = visitor_reader.visitor(
        asking(
            user_agent=CHROME,
            accept_language="de-AT,de",
            host="house.example",
            x_forwarded_for="203.0.113.9",
        )
    )
    assert person == VisitorTraits(
        user_agent=CHROME, language="de-AT", network="198.51.100.0/24", host="house.example"
    )
    assert visitor_reader.visitor(asking(user_agent=GOOGLE)).bot == "crawler Googlebot"
    assert (
        visitor_reader.visitor(asking(sec_purpose="prefetch", user_agent=CHROME)).bot == "prefetch"
    )


def test_no_traits_are_read_of_a_visitor_who_objects(bots: BotDetector) -> None:
    """(AC10)"""
    seen = {"user_agent": CHROME, "accept_language": "de"}
    for headers, consent, objection in (
        ({"sec_gpc": "1"}, "assumed", "gpc"),
        ({"dnt": "1"}, "assumed", "dnt"),
        ({"cookie": "a=b; nest_consent=none"}, "assumed", "no_consent"),
        ({"cookie": "nest_consent=\x7f{"}, "required", "no_consent"),
        ({"cookie": "nest_consent=none; nest_consent=all"}, "required", "no_consent"),
        ({"cookie": "nest_consent=all; nest_consent=none"}, "assumed", "no_consent"),
        ({}, "required", "no_consent"),
        ({"cookie": "nest_person=0123456789abcdef"}, "asked", "no_consent"),
        ({"cookie": "nest_person=0123456789abcdef; nest_consent=no"}, "asked", "no_consent"),
    ):
        visitor_reader = VisitorReader(consent=consent, bots=bots, cookies=Cookies())  # type: ignore[arg-type]
        objecting = VisitorTraits(objection=objection)  # type: ignore[arg-type]
        assert visitor_reader.visitor(asking(**seen, **headers)) == objecting
    required = VisitorReader(consent="required", bots=bots, cookies=Cookies())
    assert required.visitor(asking(cookie="nest_consent=all")).objection is None
    asked = VisitorReader(consent="asked", bots=bots, cookies=Cookies())
    for cookies in ("nest_person=0123456789abcdef; nest_consent=all", "theirs=1", ""):
        assert asked.visitor(asking(cookie=cookies)).objection is None


def test_each_tracked_type_has_a_meaning_and_known_fields() -> None:
    """(AC13)"""
    known = {
        "elementId", "selectionValue", "previousValue", "timeSpent", "deviceInfo", "totalCents",
        "changeCents", "version",
    }  # fmt: skip
    names = [each.event_type for each in TRACKED]
    assert len(set(names)) == len(names)
    for each in TRACKED:
        assert each.meaning.de
        assert each.meaning.en
        assert {f for f in each.fields if not f.startswith("props.")} <= known, each.event_type
