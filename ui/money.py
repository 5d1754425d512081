"""Amounts in euros, as people read them; Intl.NumberFormat does the same in the browser."""

from configurator.text import Language


def euro(cents: int, language: Language) -> str:
    """Return whole euros: `€ 264.290` in German, `€264,290` in English; cents only when not zero."""
    whole, rest = divmod(abs(cents), 100)
    text = f"{whole:,}"
    decimals = f".{rest:02d}" if rest else ""
    sign = "−" if cents < 0 else ""
    if language == "de":
        return f"{sign}€\u00a0{text.replace(',', '.')}{decimals.replace('.', ',')}"
    return f"{sign}€{text}{decimals}"
