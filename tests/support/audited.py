"""What tests that write the audit sign it with."""

from typing import Final

from storage.postgres.audit import Actor
from storage.postgres.audit_chain import AuditKey

SECRET: Final = "what-tests-sign-the-audit-with-0123456789"
KEY: Final = AuditKey(SECRET.encode())
SOMEBODY: Final = Actor("somebody", "192.0.2.0/24")
