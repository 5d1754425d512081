"""Which of the two languages a request gets."""

from typing import Literal

from starlette.requests import Request

Language = Literal["de", "en"]
LANGUAGE_COOKIE = "nest_language"


def language_of(request: Request) -> Language:
    """Return `?lang=`, else what a form said, else the choice in the cookie, else what is accepted.

    What a form said is in `request.state.language`: the language of the page it was on.
    """
    form = getattr(request.state, "language", None)
    for asked in (request.query_params.get("lang"), form, request.cookies.get(LANGUAGE_COOKIE)):
        if asked == "de":
            return "de"
        if asked == "en":
            return "en"
    return preferred(request.headers.get("accept-language", ""))


def preferred(accept_language: str) -> Language:
    """Return the language an Accept-Language header asks for; English when it names neither.

    No header at all (most crawlers, curl) means German, the language of the market.
    """
    if not accept_language.strip():
        return "de"
    ranked: list[tuple[float, int, str]] = []
    for position, part in enumerate(accept_language.split(",")[:20]):
        tag, _, parameters = part.strip().partition(";")
        ranked.append((-_quality(parameters), position, tag.strip().lower()))
    for quality, _, tag in sorted(ranked):
        if quality == 0:
            continue
        if tag == "*" or tag.split("-")[0] == "de":
            return "de"
        if tag.split("-")[0] == "en":
            return "en"
    return "en"


def _quality(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return min(max(float(value), 0.0), 1.0)
    except ValueError:
        return 0.0
