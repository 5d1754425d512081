"""Replaces the contents of a database by a backup, in one transaction.

A failure before its COMMIT leaves the database unchanged. Web processes and workers may run
meanwhile: they wait for the tables, and find a new epoch afterwards (`realtime.rooms.hub`,
`workers.history`).
"""

import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final
from uuid import UUID

from app.backup.errors import RestoreRefused
from app.backup.file import Backup, Manifest, product_version
from app.embedded.postgres_tools import ToolError, Tools
from storage.postgres.schema.range import Schema
from storage.postgres.schema.revisions import head_revision
from storage.postgres.service.backups import COUNTED_FIRST, OURS, Contents, beginning, finishing

_OF_SCHEMA: Final = re.compile(r"; \d+ \d+ (SCHEMA|COMMENT - SCHEMA|ACL - SCHEMA) ", re.ASCII)
_RIGHT: Final = re.compile(rb'(?:GRANT|REVOKE) .* (?:TO|FROM) ("?)([\w ]+)\1;\n')
_OPTION: Final = re.compile(rb"ALTER TABLE ONLY \S+ ALTER COLUMN \S+ SET \([^()]*\);\n")
_LATER_SETTING: Final = b"SET transaction_timeout = 0;\n"
"""A setting that servers before 17 do not have, but that an archive of `pg_dump` 18 sets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replacement:
    """A backup, and the contents that it replaces."""

    backup: Backup
    before: Contents

    def require(self, *, replace: bool) -> None:
        """Raises RestoreRefused, with advice, if the backup must not be restored here."""
        manifest, before = self.backup.manifest, self.before
        schema = Schema(current=manifest.revision, head=head_revision())
        if schema.newer:
            raise RestoreRefused(
                f"The backup is newer than this code: its schema is {manifest.revision}, this code"
                f" knows up to {head_revision()}. Restore it with {_newer(manifest)}."
            )
        if manifest.schema != before.schema:
            raise RestoreRefused(
                f"The backup is of the schema {manifest.schema}, this login works in"
                f" {before.schema}. Use a login with search_path={manifest.schema}."
            )
        if before.foreign:
            raise RestoreRefused(
                f"The schema {before.schema} also has tables of something else"
                f" ({', '.join(before.foreign[:5])}). Restore into a database of its own."
            )
        if before.holds_data and not replace:
            raise RestoreRefused(
                f"The database already has data: {amount(before.rows)}. With --replace all of it is removed"
                f" and the backup of {moment(manifest.made_at)} ({amount(manifest.rows)}) takes its"
                " place. Make a backup of it first: nest backup."
            )
        if not schema.compatible and before.sessions:
            raise RestoreRefused(
                f"The backup has a schema ({manifest.revision}) that is too old for the web processes"
                " and workers that are connected. Stop them (or `nest run`) first."
            )

    def require_key(self, key_id: str, *, lost: bool) -> None:
        """Raises RestoreRefused if the key is not the one that signed the audit of the backup.

        `lost`: the operator has declared that key as lost; this key signs from now on.
        """
        signed_with = self.backup.manifest.audit_key
        if signed_with not in (None, key_id) and not lost:
            raise RestoreRefused(
                f"The audit in the backup is signed with another key ({signed_with}) than the one that"
                f" is set here ({key_id}). Set NEST_AUDIT_KEY to the key of the backup, or put its"
                " file audit.key into NEST_HOME. If the key is lost, use --new-audit-key: the present key"
                " signs from then on, and nobody can verify the lines of the backup any more."
            )

    def carry_out(self, tools: Tools, *, epoch: UUID | None, roles: frozenset[str]) -> None:
        """Run the transaction; blocks. `roles`: the roles that the server has.

        Raises ToolError, and RestoreRefused with the message of our own SQL.
        `epoch` None: the history continues, because nothing changed since the backup was made.
        """
        manifest = self.backup.manifest
        with tempfile.TemporaryDirectory(prefix="nest-restore-") as directory:
            contents = Path(directory) / "contents"
            listed = tools.contents(self.backup.dump())
            contents.write_text("".join(_without_schema(listed)))
            try:
                tools.commit(self._sql(tools, contents, manifest, epoch, roles))
            except ToolError as error:
                _, ours, said = str(error).partition(OURS)
                raise (RestoreRefused(said) if ours else error) from error

    def _sql(
        self,
        tools: Tools,
        contents: Path,
        manifest: Manifest,
        epoch: UUID | None,
        roles: frozenset[str],
    ) -> Iterator[bytes]:
        """The SQL of the transaction without COMMIT. A failure of `pg_restore` ends it."""
        yield beginning(manifest.schema).encode()
        yield from fitting(tools.script(self.backup.dump(), contents), roles)
        yield finishing(
            manifest.schema, rows=manifest.rows, epoch=epoch, at=manifest.made_at
        ).encode()


def fitting(script: Iterable[bytes], roles: frozenset[str]) -> Iterator[bytes]:
    r"""The script without lines that this server may refuse: a setting, absent roles, options.

    We never set options of columns; variants of PostgreSQL set some that others refuse. Rows of
    a table, between COPY and `\.`, stay unchanged.
    """
    rows = False
    for line in script:
        if rows:
            rows = line != b"\\.\n"
        elif line.startswith(b"COPY ") and line.endswith(b" FROM stdin;\n"):
            rows = True
        elif _is_unknown(line, roles):
            continue
        yield line


def amount(rows: Mapping[str, int]) -> str:
    """The amount of data in these tables, as text."""
    words = (
        "house houses",
        "person people",
        "op ops",
        "inquiry inquiries",
        "interaction interactions",
    )
    counted = zip((rows.get(table, 0) for table in COUNTED_FIRST), words, strict=True)
    return ", ".join(f"{n:,} {word.split()[n != 1]}" for n, word in counted)


def moment(at: datetime) -> str:
    """A time as text, with its offset."""
    return at.isoformat(sep=" ", timespec="seconds")


def _newer(manifest: Manifest) -> str:
    """The release to restore with; two states of the code may share a release number."""
    if manifest.product in ("", product_version()):
        return f"code that knows the schema {manifest.revision}, as the one that made it"
    return f"release {manifest.product} or later"


def _is_unknown(line: bytes, roles: frozenset[str]) -> bool:
    if line == _LATER_SETTING or _OPTION.fullmatch(line):
        return True
    found = _RIGHT.fullmatch(line)
    return found is not None and found[2].decode() not in roles | {"PUBLIC"}


def _without_schema(listed: str) -> Iterator[str]:
    """The contents without the schema itself: the target has it, with its own owner and rights."""
    for line in listed.splitlines(keepends=True):
        if not _OF_SCHEMA.search(line):
            yield line
