"""Settings: defaults, a table of bad values, nothing secret in what is shown."""

import ssl
from pathlib import Path
from urllib.parse import parse_qsl, quote, urlsplit

import pytest

from app.settings.settings import (
    SETTINGS,
    SettingsError,
    parse_settings,
    without_secrets,
)
from app.settings.table import settings_table, unknown_settings


def test_defaults() -> None:
    settings = parse_settings({}, node="here-1")
    assert (settings.host, settings.port) == ("127.0.0.1", 8080)
    assert settings.public_url == settings.local_url == "http://127.0.0.1:8080"
    assert settings.home == Path(".nest")
    assert (settings.database_url, settings.redis_url) == ("", "")
    assert settings.dev is False
    assert settings.consent == "asked"
    assert parse_settings({"NEST_CONSENT": "Required"}).consent == "required"
    assert settings.trusted_proxies == ()
    assert settings.node == "here-1"
    assert (settings.database_deadline_seconds, settings.redis_deadline_seconds) == (5.0, 0.5)


def test_every_default_in_the_table_is_the_one_in_the_code() -> None:
    told = {
        each.name: each.default
        for each in SETTINGS.values()
        if "(" not in each.default and each.name not in {"NEST_PUBLIC_URL", "NEST_NODE"}
    }
    assert parse_settings(told) == parse_settings({})


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("PORT", "0", "PORT must be a whole number from 1 to 65535, not '0'."),
        ("PORT", "65536", "PORT must be a whole number from 1 to 65535, not '65536'."),
        ("PORT", "80a", "PORT must be a whole number from 1 to 65535, not '80a'."),
        ("PORT", "-1", "PORT must be a whole number from 1 to 65535, not '-1'."),
        ("HOST", "a b", "HOST must be an address or a host name, not 'a b'."),
        ("NEST_DEV", "maybe", "NEST_DEV must be 0 or 1, not 'maybe'."),
        ("NEST_NODE", "a/b", "NEST_NODE must be 1 to 64 letters, digits, dots, dashes, not 'a/b'."),
        ("NEST_PUBLIC_URL", "house", "NEST_PUBLIC_URL must be like https://house.example."),
        ("NEST_PUBLIC_URL", "ftp://a", "NEST_PUBLIC_URL must be like https://house.example."),
        ("NEST_LOG_FORMAT", "xml", "NEST_LOG_FORMAT must be one of auto, json, text, not 'xml'."),
        (
            "REDIS_URL",
            "http://x",
            "REDIS_URL must be like redis://host:6379/0, or rediss:// with TLS.",
        ),
        (
            "NEST_CONSENT",
            "maybe",
            "NEST_CONSENT must be one of asked, required, assumed, not 'maybe'.",
        ),
        ("NEST_LIMIT_SCALE", "0.05", "NEST_LIMIT_SCALE must be a number from 0.1, not '0.05'."),
        (
            "NEST_TRUSTED_PROXIES",
            "10.0.0.4, *",
            "NEST_TRUSTED_PROXIES must be addresses or networks like 10.0.0.1, 10.0.0.0/8, not '*'.",
        ),
        (
            "NEST_TRUSTED_PROXIES",
            "10.0.0.4/8",
            "NEST_TRUSTED_PROXIES must be addresses or networks like 10.0.0.1, 10.0.0.0/8, not '10.0.0.4/8'.",
        ),
        ("NEST_LIMIT_SCALE", "inf", "NEST_LIMIT_SCALE must be a number from 0.1, not 'inf'."),
        (
            "NEST_REDIS_DEADLINE_SECONDS",
            "nan",
            "NEST_REDIS_DEADLINE_SECONDS must be seconds from 0.01 to 3600, not 'nan'.",
        ),
        (
            "DATABASE_URL",
            "mysql://root:hush@db/x",
            "DATABASE_URL must be like postgresql://user:password@host:5432/name.",
        ),
        (
            "DATABASE_URL",
            "postgresql://u:hu@sh@db/x",
            "DATABASE_URL has more than one @ before the host: write those of a password as %40.",
        ),
        ("NEST_HOME", "/dev/null", "NEST_HOME must be a directory, or the place for one, not '/dev/null': /dev/null is not a directory."),
        ("NEST_HOME", "/dev/null/x", "NEST_HOME must be a directory, or the place for one, not '/dev/null/x': /dev/null is not a directory."),
        ("NEST_HOME", f"/{'a' * 300}", f"NEST_HOME must be a directory, or the place for one, not '/{'a' * 199}': File name too long."),
        ("NEST_HOME", "~nobody-knows/x", "NEST_HOME must be a directory, or the place for one, not '~nobody-knows/x'."),
    ],
)  # fmt: skip
def test_a_bad_value_is_reported_in_one_sentence(name: str, value: str, problem: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse_settings({name: value})
    assert caught.value.problems == (problem,)


PLACES = (
    "h:port", "h:99999", "h:0", "h:1:2", "[::1", "[::1]:x", "::1", "h:-1", "h:٣",
)  # fmt: skip
URLS = (
    ("DATABASE_URL", "postgresql://u:hush@{}/d", "must have hosts with ports from 1 to 65535"),
    ("DATABASE_URL", "postgresql://u:hush@a,{}/d", "must have hosts with ports from 1 to 65535"),
    ("REDIS_URL", "redis://:hush@{}/0", "must have a host and a port from 1 to 65535"),
    ("NEST_ALERT_WEBHOOK", "https://{}/hush", "must be an address like https://host/path"),
    ("NEST_CSV_WEBHOOK", "https://{}/hush", "must be an address like https://host/path"),
    ("NEST_PUBLIC_URL", "https://{}", "must be like https://house.example"),
)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(("name", "form", "said"), URLS)
def test_a_wrong_host_or_port_is_reported_in_one_sentence(
    name: str, form: str, said: str, place: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        parse_settings({name: form.format(place)})
    (problem,) = caught.value.problems
    assert problem.startswith(f"{name} {said}")
    assert "hush" not in problem


@pytest.mark.parametrize("name", ["WEB", "WORKER", "ANALYTICS"])
def test_the_logins_of_processes_are_looked_at_alike(name: str) -> None:
    right = {"DATABASE_URL": "postgresql://u@h/d"}
    with pytest.raises(SettingsError, match="must have hosts with ports from 1 to 65535"):
        parse_settings({**right, f"NEST_{name}_DATABASE_URL": "postgresql://u@h:port/d"})


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"DATABASE_URL": "postgres://a,,b/d"}, "must have hosts with ports"),
        ({"DATABASE_URL": "postgres://u:hu[sh@h/d"}, "has [ or ] in its user or password"),
        ({"REDIS_URL": "redis://:hu]sh@h/0"}, "has [ or ] in its user or password"),
        ({"DATABASE_URL": "postgres://u:hu/sh@h/d"}, "write / of a password as %2F"),
        ({"DATABASE_URL": "postgres:///d?host=/run&port=x"}, "has port=x, which is not one port"),
        ({"DATABASE_URL": "postgres://a,b/d?port=1,2,3"}, "or one for each host"),
        ({"DATABASE_URL": "postgres://h/d", "PGPORT": "x"}, "is used with PGPORT=x, which is not"),
        ({"DATABASE_URL": "postgres://h/d?connect_timeout=abc"}, "whole number as connect_timeout"),
        ({"REDIS_URL": "redis://h/0?socket_timeout=abc"}, "must have a number as socket_timeout"),
        ({"REDIS_URL": "redis://h/0?protocol=9"}, "must have 2 or 3 as protocol"),
    ],
)  # fmt: skip
def test_a_parameter_that_a_driver_rejects_is_reported_in_one_sentence(
    environ: dict[str, str], said: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        parse_settings(environ)
    (problem,) = caught.value.problems
    assert said in problem
    assert "hu" not in problem.replace("how", "")


def test_ports_of_several_hosts_are_taken() -> None:
    for url in (
        "postgresql://a:1,[::1]:2/d",
        "postgresql:///d?host=a,b&port=1,2",
        "postgresql://%2Frun/d",
    ):
        assert parse_settings({"DATABASE_URL": url}).database_url.startswith("postgresql://")


def test_all_problems_are_told_together() -> None:
    with pytest.raises(SettingsError) as caught:
        parse_settings({"PORT": "x", "NEST_DEV": "2", "NEST_DATABASE_POOL_SIZE": "0"})
    assert len(caught.value.problems) == 3


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+asyncpg"])
def test_any_spelling_of_a_postgres_url_becomes_one(scheme: str) -> None:
    settings = parse_settings({"DATABASE_URL": f"{scheme}://u:p@h/d?sslmode=require"})
    assert settings.database_url == "postgresql://u:p@h/d?sslmode=require"


@pytest.mark.parametrize(
    ("given", "driven"),
    [
        (
            "postgres://u:p@h/d?sslmode=require&channel_binding=require&connect_timeout=10",
            "postgresql://u:p@h/d?sslmode=require",
        ),
        ("postgres://h/d?application_name=x&client_encoding=utf8&keepalives=1", "postgresql://h/d"),
        ("postgres://h/d?sslmode=&sslrootcert=", "postgresql://h/d"),
        ("postgresql:///d?host=/run/p%20g&port=5433", "postgresql:///d?host=/run/p%20g&port=5433"),
        ("postgres://h1:1,h2:2/d?target_session_attrs=read-write", None),
        ("postgres://h/?database=d&user=u&password=%26%3D%2B", "postgresql://h/?dbname=d&user=u&password=%26%3D%2B"),
        ("postgres://h/d?options=-c%20search_path%3Dx", "postgresql://h/d?options=-c%20search_path%3Dx"),
        ("postgres://u:p%23#q@h/d", "postgresql://u:p%23%23q@h/d"),
    ],
)  # fmt: skip
def test_parameters_of_a_postgres_url_are_understood_or_left_out(
    given: str, driven: str | None
) -> None:
    expected = driven or given.replace("postgres://", "postgresql://")
    assert parse_settings({"DATABASE_URL": given}).database_url == expected


def test_the_certificates_of_the_system_are_found() -> None:
    """Hosting companies write this, and libpq 18 knows it; asyncpg takes it for a file name."""
    for query in ("sslrootcert=system", "sslmode=verify-full&sslrootcert=system"):
        found = parse_settings({"DATABASE_URL": f"postgresql://u:p@h/d?{query}"}).database_url
        asked = dict(parse_qsl(urlsplit(found).query))
        assert asked["sslmode"] == "verify-full"
        ssl.create_default_context(cafile=asked["sslrootcert"])
    by_libpq = {"DATABASE_URL": "postgresql://u:p@h/d", "PGSSLROOTCERT": "system"}
    assert "sslmode=verify-full&sslrootcert=/" in parse_settings(by_libpq).database_url


@pytest.mark.parametrize("name", ["sslrootcert", "sslcert", "sslkey", "sslcrl", "passfile"])
def test_a_file_that_is_not_there_is_named(tmp_path: Path, name: str) -> None:
    missing, folder, text = tmp_path / "not here", tmp_path, tmp_path / "text"
    text.write_text("text")
    cases = {missing: "does not exist", folder: "cannot be read: Is a directory"}
    if name != "sslkey":
        cases[text] = "chmod 600" if name == "passfile" else "a file without a certificate"
    if name == "sslcert":
        cases[text] = "to which the key does not belong"
    for path, said in cases.items():
        for environ in (
            {"DATABASE_URL": f"postgresql://u@h/d?sslmode=require&{name}={quote(str(path))}"},
            {"DATABASE_URL": "postgresql://u@h/d", f"PG{name.upper()}": str(path)},
        ):
            with pytest.raises(SettingsError) as caught:
                parse_settings(environ)
            (problem,) = caught.value.problems
            assert said in problem
            assert str(path) in problem
    unused = f"postgresql://u:p@h/d?sslmode=disable&{name}={quote(str(missing))}"
    assert parse_settings({"DATABASE_URL": unused}).database_url


def test_existing_files_are_passed_on(tmp_path: Path) -> None:
    passwords = tmp_path / "pass words"
    passwords.write_text("h:5432:d:u:secret")
    passwords.chmod(0o600)
    url = f"postgresql://u@h/d?passfile={quote(str(passwords))}"
    assert parse_settings({"DATABASE_URL": url}).database_url == url


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("sslmode=require&sslrootcert=system", "sslmode=require with sslrootcert=system: write verify-full"),
        ("sslmode=verify-full", "add sslrootcert=system"),
        ("sslmode=verify-ca", "add sslrootcert=system"),
        ("pgbouncer=true&schema=x", "do not know: pgbouncer, schema; remove them"),
        ("statement_timeout=5", "do not know: statement_timeout; remove them"),
        ("sslmode=on", "must have one of disable, allow, prefer, require, verify-ca, verify-full as sslmode"),
        ("target_session_attrs=master", "as target_session_attrs"),
    ],
)  # fmt: skip
def test_a_parameter_that_nobody_knows_is_named(
    query: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(SettingsError) as caught:
        parse_settings({"DATABASE_URL": f"postgresql://u:hush@h/d?{query}"})
    (problem,) = caught.value.problems
    assert problem.startswith("DATABASE_URL ")
    assert said in problem
    assert "hush" not in problem


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("0.0.0.0", "http://127.0.0.1:9000"),
        ("::", "http://[::1]:9000"),
        ("::1", "http://[::1]:9000"),
        ("localhost", "http://localhost:9000"),
    ],
)
def test_links_lead_to_an_address_a_browser_can_open(host: str, url: str) -> None:
    assert parse_settings({"HOST": host, "PORT": "9000"}).public_url == url


def test_urls_with_passwords_are_not_printed() -> None:
    settings = parse_settings(
        {"DATABASE_URL": "postgresql://u:hush@h/d", "REDIS_URL": "redis://:hush@h/0"}
    )
    assert "hush" not in repr(settings)
    assert without_secrets(settings.database_url) == "postgresql://h/d"


def test_trusted_proxies_are_addresses_and_networks() -> None:
    settings = parse_settings({"NEST_TRUSTED_PROXIES": "10.0.0.4, fd00::/8,, 192.168.0.0/24 "})
    assert settings.trusted_proxies == ("10.0.0.4", "fd00::/8", "192.168.0.0/24")


def test_a_misspelled_setting_is_noticed() -> None:
    assert unknown_settings({"NEST_HOM": "x", "NEST_HOME": "y", "PATH": "z"}) == (
        "NEST_HOM is not a setting. Did you mean NEST_HOME?",
    )


def test_the_table_names_every_setting() -> None:
    table = settings_table()
    assert all(f"{each.name} " in table and each.reason in table for each in SETTINGS.values())


def test_a_service_that_is_not_there_is_named(tmp_path: Path) -> None:
    file = tmp_path / "pg_service.conf"
    file.write_text("[house]\nhost=db.example\n")
    environ = {"PGSERVICEFILE": str(file), "DATABASE_URL": "postgresql://u:p@/d?service=house"}
    assert parse_settings(environ).database_url == "postgresql://u:p@/d?service=house"
    with pytest.raises(SettingsError, match=f"service=flat, which {file} does not have"):
        parse_settings({**environ, "DATABASE_URL": "postgresql:///d?service=flat"})
