"""The tables for SQLAlchemy Core. The migrations create them; a test proves that both agree.

`operations` is the op log, and has the outcome of every op by op_id. It has no foreign keys on
purpose: the one statement that inserts into it holds the configuration's row lock, and a
FOR KEY SHARE on people for every op would write to that table too.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import INET, JSONB

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

_NOW = text("now()")


def _time(name: str, *, default: bool = False, nullable: bool = False) -> Column[object]:
    server_default = _NOW if default else None
    return Column(name, DateTime(timezone=True), nullable=nullable, server_default=server_default)


deployment = Table(
    "deployment",
    metadata,
    Column("only_row", Boolean, primary_key=True, server_default=text("true")),
    Column("epoch", Uuid, nullable=False),
    Column("audit_adopted_at", DateTime(timezone=True)),
    Column("oldest_code", Text, nullable=False, server_default=text("'0024'")),
    Column("restored_to", DateTime(timezone=True)),
    CheckConstraint("only_row", name="one_row"),
)

catalogues = Table(
    "catalogues",
    metadata,
    Column("id", Text, primary_key=True),
    Column("revision", Text, nullable=False),
    Column("document", Text, nullable=False),
    _time("published_at", default=True),
)

people = Table(
    "people",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("token_sha256", LargeBinary, unique=True),
    Column("name", Text, nullable=False),
    Column("colour", SmallInteger, nullable=False),
    _time("created_at", default=True),
    _time("last_seen_at", default=True),
    Column("way_back_sha256", LargeBinary, unique=True),
    _time("way_back_until", nullable=True),
    _time("token_used_at", default=True, nullable=True),
)

configurations = Table(
    "configurations",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("code", Text, nullable=False, unique=True),
    Column("catalogue_id", Text, ForeignKey(catalogues.c.id), nullable=False),
    Column("head", BigInteger, nullable=False, server_default=text("0")),
    Column("selection", JSONB, nullable=False),
    Column("written", JSONB, nullable=False, server_default=text("'{}'::jsonb")),
    Column("total_cents", BigInteger, nullable=False),
    Column("status", Text, nullable=False, server_default=text("'open'")),
    _time("created_at", default=True),
    _time("updated_at", default=True),
    Column("owner_id", Uuid, ForeignKey(people.c.id), nullable=False, index=True),
    CheckConstraint("char_length(code) = 8", name="code_length"),
    CheckConstraint("status IN ('open', 'inquired')", name="status"),
    postgresql_with={"fillfactor": 70},
)

operations = Table(
    "operations",
    metadata,
    Column("configuration_id", Uuid, primary_key=True),
    Column("op_id", Uuid, primary_key=True),
    Column("version", BigInteger),
    Column("judged_at_version", BigInteger, nullable=False),
    Column("base_version", BigInteger, nullable=False),
    Column("person_id", Uuid, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("body_sha256", LargeBinary, nullable=False),
    Column("operation", JSONB, nullable=False),
    Column("changes", JSONB, nullable=False),
    Column("reasons", JSONB, nullable=False),
    Column("repairs", JSONB, nullable=False),
    Column("total_cents", BigInteger),
    Column("guarded", Boolean, nullable=False),
    _time("committed_at", default=True),
    CheckConstraint("version = judged_at_version + 1", name="version_follows"),
    Index(
        "uq_operations_configuration_id_version",
        "configuration_id",
        "version",
        unique=True,
        postgresql_where=text("version IS NOT NULL"),
    ),
)

share_links = Table(
    "share_links",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("configuration_id", Uuid, ForeignKey(configurations.c.id), nullable=False, index=True),
    Column("token_sha256", LargeBinary, nullable=False, unique=True),
    Column("role", Text, nullable=False),
    Column("created_by", Uuid, ForeignKey(people.c.id), nullable=False, index=True),
    _time("created_at", default=True),
    _time("expires_at", nullable=True),
    _time("revoked_at", nullable=True),
    Column("uses", Integer, nullable=False, server_default=text("0")),
    Column("uses_max", Integer),
)

link_uses = Table(
    "link_uses",
    metadata,
    Column(
        "share_link_id", Uuid, ForeignKey(share_links.c.id, ondelete="CASCADE"), primary_key=True
    ),
    Column("person_id", Uuid, ForeignKey(people.c.id), primary_key=True, index=True),
    Column("gave_role", Boolean, nullable=False),
    _time("used_at", default=True),
)

grants = Table(
    "grants",
    metadata,
    Column("configuration_id", Uuid, ForeignKey(configurations.c.id), primary_key=True),
    Column("person_id", Uuid, ForeignKey(people.c.id), primary_key=True, index=True),
    Column("role", Text, nullable=False),
    Column("share_link_id", Uuid, ForeignKey(share_links.c.id)),
    _time("created_at", default=True),
    _time("revoked_at", nullable=True),
    _time("seen_at", nullable=True),
    postgresql_with={"fillfactor": 70},
)

sessions = Table(
    "sessions",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("external_id", Text),
    Column("person_id", Uuid, ForeignKey(people.c.id)),
    Column("configuration_id", Uuid, ForeignKey(configurations.c.id), index=True),
    Column("status", Text, nullable=False, server_default=text("'ACTIVE'")),
    _time("started_at", default=True),
    _time("last_seen_at", default=True),
    _time("completed_at", nullable=True),
    Column("order_value_cents", BigInteger),
    Column("device_type", Text),
    Column("viewport_width", Integer),
    Column("viewport_height", Integer),
    Column("interaction_count", BigInteger, nullable=False, server_default=text("0")),
    Column("last_category", Text),
    _time("anchored_at", default=True),
    Column("language", Text),
    Column("referrer", Text),
    _time("language_at", nullable=True),
    _time("referrer_at", nullable=True),
    Column("network", INET),
    Column("bot_reason", Text),
    Column("lost_events", Integer),
    Column("latest_ms", BigInteger),
    CheckConstraint("status IN ('ACTIVE', 'COMPLETED', 'ABANDONED', 'EXPIRED')", name="status"),
    Index(
        "ix_sessions_range",
        "started_at",
        "id",
        postgresql_include=["status", "order_value_cents", "bot_reason"],
    ),
    Index(
        "ix_sessions_person_id",
        "person_id",
        "started_at",
        postgresql_where=text("person_id IS NOT NULL"),
    ),
    Index("ix_sessions_active", "id", postgresql_where=text("status = 'ACTIVE'")),
    postgresql_with={"fillfactor": 70},
)

inquiries = Table(
    "inquiries",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("configuration_id", Uuid, ForeignKey(configurations.c.id), nullable=False, index=True),
    Column("version", BigInteger, nullable=False),
    Column("total_cents", BigInteger, nullable=False),
    Column("selection", JSONB, nullable=False),
    Column("person_id", Uuid, ForeignKey(people.c.id), nullable=False, index=True),
    Column("session_id", Uuid, ForeignKey(sessions.c.id), index=True),
    Column("name", Text, nullable=False),
    Column("email", Text, nullable=False),
    Column("mailbox", Text),
    Column("message", Text, nullable=False),
    _time("consent_at"),
    Column("status", Text, nullable=False, server_default=text("'NEW'")),
    Column("body_sha256", LargeBinary, nullable=False),
    _time("created_at", default=True),
    Index("ix_inquiries_created_at", "created_at"),
    Index("ix_inquiries_mailbox", "mailbox"),
)

admin_links = Table(
    "admin_links",
    metadata,
    Column("token_sha256", LargeBinary, primary_key=True),
    _time("created_at", default=True),
    _time("expires_at"),
    _time("used_at", nullable=True),
    Column("name", Text),
)

admin_sessions = Table(
    "admin_sessions",
    metadata,
    Column("token_sha256", LargeBinary, primary_key=True),
    _time("created_at", default=True),
    _time("expires_at"),
    _time("revoked_at", nullable=True),
    Column("name", Text),
    _time("last_used_at", default=True),
    Column("idle_minutes", Integer),
    Column("network", Text),
    Column("user_agent", Text),
)

analytics_links = Table(
    "analytics_links",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("token_sha256", LargeBinary, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("views", JSONB, nullable=False),
    Column("query", JSONB, nullable=False),
    _time("created_at", default=True),
    _time("expires_at"),
    _time("revoked_at", nullable=True),
)

analytics_schedules = Table(
    "analytics_schedules",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("name", Text, nullable=False),
    Column("view", Text, nullable=False),
    Column("query", JSONB, nullable=False),
    Column("days", Integer, nullable=False),
    Column("hour", SmallInteger, nullable=False),
    Column("weekday", SmallInteger),
    Column("zone", Text, nullable=False),
    _time("next_due_at"),
    _time("created_at", default=True),
)

analytics_files = Table(
    "analytics_files",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column(
        "schedule_id",
        Uuid,
        ForeignKey(analytics_schedules.c.id, ondelete="CASCADE"),
        nullable=False,
    ),
    _time("due_at"),
    _time("made_at", default=True),
    Column("first_day", Date, nullable=False),
    Column("last_day", Date, nullable=False),
    Column("rows", Integer, nullable=False),
    Column("content", LargeBinary),
    Column("problem", Text),
    _time("delivered_at", nullable=True),
    Column("delivery_attempts", Integer, nullable=False, server_default=text("0")),
    UniqueConstraint("schedule_id", "due_at", name="uq_analytics_files_schedule_id"),
)
