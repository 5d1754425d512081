"""Types of arguments for `argparse`: each reads a text, or refuses it with a sentence."""

import argparse

from app.settings.address import url_parts


def count(text: str) -> int:
    """A number from 1 to 10,000."""
    number = int(text)
    if not 1 <= number <= 10_000:
        raise argparse.ArgumentTypeError("must be from 1 to 10000")
    return number


def positive(text: str) -> float:
    """A number above 0, such as a time in seconds."""
    number = float(text)
    if not 0 < number < 1e9:
        raise argparse.ArgumentTypeError("must be larger than 0")
    return number


def address(text: str) -> str:
    """The address of a server, without a slash at its end."""
    try:
        parts = url_parts(text, "must be like https://house.example")
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise argparse.ArgumentTypeError("must be like https://house.example")
    return text.rstrip("/")
