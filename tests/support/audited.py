"""The key with which tests sign the audit."""

from typing import Final

from storage.postgres.service.audit import Actor
from storage.postgres.service.audit_chain import AuditKey

SECRET: Final = "what-tests-sign-the-audit-with-0123456789"
KEY: Final = AuditKey(SECRET.encode())
SOMEBODY: Final = Actor("somebody", "192.0.2.0/24")
