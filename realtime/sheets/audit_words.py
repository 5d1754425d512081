"""The lines of the audit in words, for the page and for files: who did something, and to what."""

import re
from collections.abc import Mapping
from typing import Final, Protocol

_SESSION: Final = re.compile(r"(?:(.+), )?admin session (\w+)")
_PERSON: Final = re.compile(r"person (\w+)")
_ALL_OF: Final = "all of "
_DOWNLOADS: Final = frozenset(
    {"figures.download", "ledger.download", "audit.download", "dead_letters.download"}
)
_TITLED: Final = {"dead-letters": "letters"}
"""The lists whose title has another name than their address."""


class Wording(Protocol):
    """The texts of one language."""

    def t(self, key: str, **values: object) -> str:
        """The text of this key with its places filled."""
        ...

    def word(self, group: str, name: str) -> str:
        """The word for a name of ours, whose key is in `service.{group}`; else the name itself."""
        ...

    def figure(self, name: str) -> str:
        """The title of a figure or list on its page; else the name itself."""
        ...


class AuditWords:
    """The words for actors and subjects, which the audit has in English."""

    def __init__(self, wording: Wording) -> None:
        self._wording = wording

    def who(self, actor: str) -> str:
        """The actor: an admin by name and session, a person by pseudonym, an operator as they are."""
        if session := _SESSION.fullmatch(actor):
            said = self._wording.t("service.audit.session", id=session[2])
            return f"{session[1]} ({said})" if session[1] else said
        if person := _PERSON.fullmatch(actor):
            return self._wording.t("service.audit.person", id=person[1])
        return self._wording.t("service.audit.nobody") if actor == "nobody" else actor

    def subject(self, action: str, subject: str, detail: Mapping[str, object]) -> str:
        """The subject of an action: a job, a figure, a list or dead letters by name, others as they are."""
        match action:
            case "jobs.run":
                return self._wording.word("job", subject)
            case "visits.download":
                return self._wording.word("download", subject)
            case _ if action in _DOWNLOADS:
                return self._wording.figure(_TITLED.get(subject, subject))
            case "dead_letters.redrive" if isinstance(letters := detail.get("letters"), list):
                return self._wording.t("service.audit.letters", n=len(letters))
            case "dead_letters.redrive":
                kind = self._wording.word("why", subject.removeprefix(_ALL_OF))
                return self._wording.t("service.audit.allOf", reason=kind)
            case _:
                return subject
