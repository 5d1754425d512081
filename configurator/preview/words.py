"""German figures for captions."""


def figure(value: float) -> str:
    """``13,50``."""
    return f"{value:.2f}".replace(".", ",")


def metres(value: float) -> str:
    """``13,50 m``, with a space that does not break."""
    return figure(value) + "\u00a0m"


def area(value: float) -> str:
    """``20 m²``."""
    return f"{value:g}".replace(".", ",") + "\u00a0m²"


def power(value: float) -> str:
    """``4,0 kWp``."""
    return f"{value:.1f}".replace(".", ",") + "\u00a0kWp"


def count_of(number: int, one: str, many: str) -> str:
    """``kein Modul``, ``1 Modul``, ``10 Module``."""
    if number == 0:
        return f"kein {one}"
    return f"{number}\u00a0{one if number == 1 else many}"
