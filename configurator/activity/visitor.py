"""The facts that are kept about a visitor, and whether interactions may be stored.

Pure: headers and addresses are arguments. No fact is exact enough to identify a person: of the
address only the network is kept, the referrer has no query, and of the languages only the first is
kept.
"""

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Literal
from urllib.parse import urlsplit

from configurator.activity.interaction import PageVisit
from configurator.activity.untrusted import stripped

Consent = Literal["asked", "required", "assumed"]
"""The visitors who must agree before interactions are stored.

`asked`: those of our pages; programs that track over the API answer for their own visitors.
`required`: all. `assumed`: none.
"""

Objection = Literal["gpc", "dnt", "no_consent"]

CONSENT_COOKIE = "nest_consent"
"""The visitor's decision, `all` or `none`; without it the setting decides."""

UNKNOWN_NETWORK = "unknown"
"""The network of all visitors without a valid address, as some proxies hand them on."""

REFERRER_MAX = 256
USER_AGENT_MAX = 256
_READ_MAX = 4_096
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitorTraits:
    """The known facts of a visitor.

    `objection` is the reason why nothing may be stored; it is the only fact then. `bot` is the
    reason why this is no person, `network` the address without its last part, `host` the name under
    which they reached the server.
    """

    objection: Objection | None = None
    bot: str | None = None
    user_agent: str | None = None
    language: str | None = None
    referrer: str | None = None
    network: str | None = None
    host: str = ""

    def on(self, visit: PageVisit | None) -> "VisitorTraits":
        """The same facts, with those that the page reports about the visit."""
        if visit is None or self.objection:
            return self
        return replace(
            self,
            language=language_of(visit.language) or self.language,
            referrer=referrer_of(visit.referrer, own_host=self.host),
        )


def objection_of(
    *,
    gpc: str | None,
    dnt: str | None,
    consent_cookie: str | None,
    consent: Consent,
    on_our_page: bool,
) -> Objection | None:
    """The reason why interactions of this visitor may not be stored; None if they may.

    `gpc` and `dnt` are the headers `Sec-GPC` and `DNT`. A signal of the browser outweighs an
    earlier consent, and a refusal counts under every setting. `on_our_page` says that the request
    has the cookie of our pages.
    """
    if (gpc or "").strip() == "1":
        return "gpc"
    if (dnt or "").strip() == "1":
        return "dnt"
    must_agree = consent == "required" or (consent == "asked" and on_our_page)
    if consent_cookie == "none" or (must_agree and consent_cookie != "all"):
        return "no_consent"
    return None


@lru_cache(maxsize=1_024)
def network_of(address: str | None) -> str | None:
    """The network of an address: the first 24 bits of IPv4, the first 48 of IPv6. None for others."""
    try:
        parsed = ip_address((address or "").partition("%")[0])
    except ValueError:
        return None
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped
    hidden = 8 if isinstance(parsed, IPv4Address) else 80
    first = type(parsed)(int(parsed) >> hidden << hidden)
    return f"{first}/{first.max_prefixlen - hidden}"


@lru_cache(maxsize=1_024)
def language_of(text: str | None) -> str | None:
    """The first language tag of `Accept-Language` or of `navigator.language`, as in "de-AT"."""
    first = (text or "")[:_READ_MAX].partition(",")[0].partition(";")[0].strip()
    if not _LANGUAGE.fullmatch(first):
        return None
    primary, *more = first.split("-")
    tag = primary.lower()
    for part in more[:2]:
        tag += f"-{part.upper() if len(part) == 2 else part}"
    return tag[:16].rstrip("-")


def referrer_of(text: str | None, *, own_host: str = "") -> str | None:
    """The origin and path of a web address, without query, fragment, user name and password.

    None for a text that is not a web address, and for our own pages, whose addresses contain codes of
    houses.
    """
    try:
        parts = urlsplit((stripped((text or "")[:_READ_MAX]) or "").strip())
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return None
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return None
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    if f"{host}{port}" == own_host.lower():
        return None
    return f"{parts.scheme}://{host}{port}{parts.path}"[:REFERRER_MAX]


def printable(user_agent: str | None) -> str | None:
    """A user agent as one short line; None if no character of it can be shown."""
    read = (user_agent or "")[:_READ_MAX]
    kept = read if read.isprintable() else "".join(filter(str.isprintable, read))
    return kept[:USER_AGENT_MAX] or None
