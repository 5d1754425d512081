"""What may be known of a visitor, and whether their interactions may be stored at all.

Pure: headers and addresses are arguments. Nothing here is exact enough to find a person: of the
address only the network is kept, of the referrer no query, of the languages the first.
"""

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Literal
from urllib.parse import urlsplit

from configurator.activity import PageVisit
from configurator.untrusted import stripped

Consent = Literal["asked", "required", "assumed"]
"""The people that must agree before interactions are stored: visitors of our pages; all; none.

`asked` leaves out programs that track over the API for their own visitors, and answer for them.
"""

Objection = Literal["gpc", "dnt", "no_consent"]

CONSENT_COOKIE = "nest_consent"
"""`all` or `none`; without it the setting decides."""

UNKNOWN_NETWORK = "unknown"
"""The one network of all whose address is none, as a proxy may hand it on."""

REFERRER_MAX = 256
USER_AGENT_MAX = 256
_READ_MAX = 4_096
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """Who sends interactions. `objection`: why none may be stored, and then nothing else is known.

    `bot` is why this is no person; `network` the address without its last part; `host` the name
    under which they reached us.
    """

    objection: Objection | None = None
    bot: str | None = None
    user_agent: str | None = None
    language: str | None = None
    referrer: str | None = None
    network: str | None = None
    host: str = ""

    def on(self, visit: PageVisit | None) -> "Visitor":
        """The same, with what their page says of the visit."""
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
    """Why interactions of this visitor may not be stored; None when they may.

    `gpc` and `dnt` are the headers `Sec-GPC` and `DNT`. A signal of the browser counts more than
    an earlier consent, and a refusal counts whatever the setting. `on_our_page`: they come with the
    cookie of our pages.
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
    """Origin and path of a web address; no query, no fragment, no name and password.

    None for what is no address of the web, and for our own pages: theirs have codes of houses.
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
    """A user agent as one short line; None when nothing of it can be shown."""
    read = (user_agent or "")[:_READ_MAX]
    kept = read if read.isprintable() else "".join(filter(str.isprintable, read))
    return kept[:USER_AGENT_MAX] or None
