"""The choice between the two languages for a request."""

from starlette.requests import Request

from configurator.text import Language

LANGUAGE_COOKIE = "nest_language"


def language_of(request: Request) -> Language:
    """Return `?lang=`, else the form's language, else the cookie's, else the one accepted.

    The language of a form is in `request.state.language`: that of the page it was on.
    """
    form = getattr(request.state, "language", None)
    for asked in (request.query_params.get("lang"), form, request.cookies.get(LANGUAGE_COOKIE)):
        if asked == "de":
            return "de"
        if asked == "en":
            return "en"
    return preferred(request.headers.get("accept-language", ""))


def preferred(accept_language: str) -> Language:
    """Return the language of an Accept-Language header; English if it names neither.

    A missing header (most crawlers, curl) means German, the language of the market.
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
