"""Secrets and addresses that are put everywhere a client can put a text, to look for them later."""

import secrets
from collections.abc import Iterator
from random import Random

PIECE = 12
"""A part of a canary of this length found somewhere is the canary found."""


class Canaries:
    """Makes them; no two places get the same."""

    def __init__(self) -> None:
        self._random = Random(7)
        self._made: list[str] = []

    def token(self) -> str:
        """A token like those of the product: 43 characters."""
        return self._noted(secrets.token_urlsafe(32))

    def short_token(self) -> str:
        """An id like those of sessions: 128 bits."""
        return self._noted(secrets.token_urlsafe(16))

    def mail(self) -> str:
        return self._noted(f"canary{self._random.randrange(10**9):09}@mail.example")

    def address(self) -> str:
        """An IPv4 address of somebody; its first three numbers may be told."""
        return self._noted(f"198.51.100.{len(self._made) % 150 + 100}")

    def address_v6(self) -> str:
        parts = ":".join(f"{self._random.randrange(4096, 65536):x}" for _ in range(5))
        return self._noted(f"2001:db8:9999:{parts}")

    def text(self) -> str:
        """One of each, as a text that a person could have typed."""
        return f"Anna {self.token()} {self.mail()} {self.address()} {self.address_v6()}"

    def in_addresses(self) -> Iterator[str]:
        """Request targets with a token in each place that one can be in."""
        for before in ("/ws?", "/ws?token=", "/ws/", "/ws;", "/ws;t=", "/ws%3F", "/ws%253F", "/join/",
                       "/join?", "/c/", "/c/XXXXXXXX?as=", "/admin/login?", "/nope/", "/%2e%2e/",
                       "//", "/socket.io/?EIO=4&transport=polling&sid=",
                       "/_nicegui_ws/socket.io/?EIO=4&transport=polling&sid=",
                       "/_nicegui_ws/socket.io/?EIO=4&transport=", "/socket.io/?EIO=",
                       "/api/configurations/", "/api/sessions/track-interaction?sessionId=",
                       "/api/sessions/track-interaction?", "/preview/", "/static/", "/_nicegui/",
                       "/api/admin/sessions/", "/dashboard/", "/metrics?"):  # fmt: skip
            yield before + self.token()

    def found_in(self, text: str) -> list[str]:
        """The canaries of which a part occurs in the text; there should be none."""
        return [each for each in self._made if any(piece in text for piece in _pieces(each))]

    def _noted(self, made: str) -> str:
        self._made.append(made)
        return made


def _pieces(made: str) -> Iterator[str]:
    """The parts that reveal a canary: the end of an address, or any part of a secret."""
    if made.startswith("198."):
        yield made
    elif ":" in made:
        yield made.partition("9999:")[2]
    else:
        yield from (made[at : at + PIECE] for at in range(len(made) - PIECE + 1))
