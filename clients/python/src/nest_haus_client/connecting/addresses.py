"""Addresses of the product and names of houses, as people give them."""

from urllib.parse import unquote, urlsplit

_MEANT = str.maketrans({"O": "0", "I": "1", "L": "1", "U": "V"})
_CODE_LENGTH = 8


def origin(url: str) -> str:
    """The origin of the product, from the address of any of its pages. Raises ValueError."""
    parts = urlsplit(url.strip())
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError(f"The address must be like https://house.example, not {url!r}.")
    return f"{parts.scheme}://{parts.netloc}"


def meant(reference: str) -> str:
    """The code or id in a reference, which may also be the address of the house's page."""
    reference = reference.strip()
    parts = urlsplit(reference) if "://" in reference else None
    if parts is not None and parts.path.startswith("/c/"):
        return unquote(parts.path.removeprefix("/c/").partition("/")[0])
    return reference


def same_name(one: str, other: str) -> bool:
    """Whether two references are the same code or id, in any spelling."""
    return _plain(one) == _plain(other)


def _plain(reference: str) -> str:
    plain = "".join(each for each in reference.upper() if each.isascii() and each.isalnum())
    return plain.translate(_MEANT) if len(plain) == _CODE_LENGTH else plain
