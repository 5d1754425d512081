"""The public address equals what browsers send, however it is spelled."""

import pytest

from app.settings.settings import SettingsError, parse_settings
from realtime.edge.exchange import Origins, asked_origin


@pytest.mark.parametrize(
    ("spelled", "origin"),
    [
        ("https://Haus.Example", "https://haus.example"),
        ("HTTPS://haus.example/", "https://haus.example"),
        ("https://haus.example:443/", "https://haus.example"),
        ("http://haus.example:80", "http://haus.example"),
        ("https://haus.example:8443", "https://haus.example:8443"),
        ("https://häuser-müller.example", "https://xn--huser-mller-l8a23a.example"),
        ("https://HÄUSER-müller.example", "https://xn--huser-mller-l8a23a.example"),
        ("https://straße.example", "https://xn--strae-oqa.example"),
        ("https://[0:0:0:0:0:0:0:1]:8443", "https://[::1]:8443"),
        ("https://my_host:8080", "https://my_host:8080"),
    ],
)
def test_every_spelling_is_the_browsers(spelled: str, origin: str) -> None:
    public = parse_settings({"NEST_PUBLIC_URL": spelled}).public_url
    assert public == origin
    assert Origins(frozenset({public})).includes(origin, scheme="http", host="inside:8080")


@pytest.mark.parametrize(
    "refused",
    [
        "https://haus.example/nest",
        "https://user@haus.example",
        "https://haus.example:99999",
        "https://haus.example?a",
        "https://300.1.1.1",
        "https://ha us",
        "haus.example",
    ],
)
def test_an_address_that_no_browser_sends_is_refused_at_the_start(refused: str) -> None:
    with pytest.raises(SettingsError, match=r"NEST_PUBLIC_URL must be like https://house\.example"):
        parse_settings({"NEST_PUBLIC_URL": refused})


@pytest.mark.parametrize(
    ("scheme", "host", "origin"),
    [
        ("http", "Haus.example:80", "http://haus.example"),
        ("wss", "haus.example:443", "https://haus.example"),
        ("ws", "haus.example:8080", "http://haus.example:8080"),
        ("https", "haus.example:80", "https://haus.example:80"),
    ],
)
def test_the_address_that_was_asked_is_an_origin(scheme: str, host: str, origin: str) -> None:
    assert asked_origin(scheme, host) == origin
