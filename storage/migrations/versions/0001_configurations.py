"""Catalogues, people, configurations with their op log, sharing, sessions, inquiries, admins."""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = {
    "deployment": """
        CREATE TABLE deployment (
            only_row boolean NOT NULL DEFAULT true,
            epoch uuid NOT NULL,
            CONSTRAINT pk_deployment PRIMARY KEY (only_row),
            CONSTRAINT ck_deployment_one_row CHECK (only_row)
        )""",
    "catalogues": """
        CREATE TABLE catalogues (
            id text NOT NULL,
            revision text NOT NULL,
            document text NOT NULL,
            published_at timestamptz NOT NULL DEFAULT now(),
            CONSTRAINT pk_catalogues PRIMARY KEY (id)
        )""",
    "people": """
        CREATE TABLE people (
            id uuid NOT NULL,
            token_sha256 bytea NOT NULL,
            name text NOT NULL,
            colour smallint NOT NULL,
            created_at timestamptz NOT NULL DEFAULT now(),
            last_seen_at timestamptz NOT NULL DEFAULT now(),
            CONSTRAINT pk_people PRIMARY KEY (id),
            CONSTRAINT uq_people_token_sha256 UNIQUE (token_sha256)
        )""",
    # Each page keeps room for the next version of a row: an op updates its configuration in place.
    "configurations": """
        CREATE TABLE configurations (
            id uuid NOT NULL,
            code text NOT NULL,
            catalogue_id text NOT NULL,
            head bigint NOT NULL DEFAULT 0,
            selection jsonb NOT NULL,
            written jsonb NOT NULL DEFAULT '{}'::jsonb,
            total_cents bigint NOT NULL,
            status text NOT NULL DEFAULT 'open',
            created_at timestamptz NOT NULL DEFAULT now(),
            updated_at timestamptz NOT NULL DEFAULT now(),
            owner_id uuid NOT NULL,
            CONSTRAINT pk_configurations PRIMARY KEY (id),
            CONSTRAINT uq_configurations_code UNIQUE (code),
            CONSTRAINT fk_configurations_catalogue_id FOREIGN KEY (catalogue_id)
                REFERENCES catalogues (id),
            CONSTRAINT fk_configurations_owner_id FOREIGN KEY (owner_id) REFERENCES people (id),
            CONSTRAINT ck_configurations_code_length CHECK (char_length(code) = 8),
            CONSTRAINT ck_configurations_status CHECK (status IN ('open', 'inquired'))
        ) WITH (fillfactor = 70)""",
    "operations": """
        CREATE TABLE operations (
            configuration_id uuid NOT NULL,
            op_id uuid NOT NULL,
            version bigint,
            judged_at_version bigint NOT NULL,
            base_version bigint NOT NULL,
            person_id uuid NOT NULL,
            outcome text NOT NULL,
            body_sha256 bytea NOT NULL,
            operation jsonb NOT NULL,
            changes jsonb NOT NULL,
            reasons jsonb NOT NULL,
            repairs jsonb NOT NULL,
            total_cents bigint,
            guarded boolean NOT NULL,
            committed_at timestamptz NOT NULL DEFAULT now(),
            CONSTRAINT pk_operations PRIMARY KEY (configuration_id, op_id),
            CONSTRAINT ck_operations_version_follows CHECK (version = judged_at_version + 1)
        )""",
    "share_links": """
        CREATE TABLE share_links (
            id uuid NOT NULL,
            configuration_id uuid NOT NULL,
            token_sha256 bytea NOT NULL,
            role text NOT NULL,
            created_by uuid NOT NULL,
            created_at timestamptz NOT NULL DEFAULT now(),
            expires_at timestamptz,
            revoked_at timestamptz,
            uses integer NOT NULL DEFAULT 0,
            CONSTRAINT pk_share_links PRIMARY KEY (id),
            CONSTRAINT uq_share_links_token_sha256 UNIQUE (token_sha256),
            CONSTRAINT fk_share_links_configuration_id FOREIGN KEY (configuration_id)
                REFERENCES configurations (id),
            CONSTRAINT fk_share_links_created_by FOREIGN KEY (created_by) REFERENCES people (id)
        )""",
    # Every op locks its grant FOR SHARE, which writes into the row header in place.
    "grants": """
        CREATE TABLE grants (
            configuration_id uuid NOT NULL,
            person_id uuid NOT NULL,
            role text NOT NULL,
            share_link_id uuid,
            created_at timestamptz NOT NULL DEFAULT now(),
            revoked_at timestamptz,
            CONSTRAINT pk_grants PRIMARY KEY (configuration_id, person_id),
            CONSTRAINT fk_grants_configuration_id FOREIGN KEY (configuration_id)
                REFERENCES configurations (id),
            CONSTRAINT fk_grants_person_id FOREIGN KEY (person_id) REFERENCES people (id),
            CONSTRAINT fk_grants_share_link_id FOREIGN KEY (share_link_id)
                REFERENCES share_links (id)
        ) WITH (fillfactor = 70)""",
    "sessions": """
        CREATE TABLE sessions (
            id uuid NOT NULL,
            external_id text,
            person_id uuid,
            configuration_id uuid,
            status text NOT NULL DEFAULT 'ACTIVE',
            started_at timestamptz NOT NULL DEFAULT now(),
            last_seen_at timestamptz NOT NULL DEFAULT now(),
            completed_at timestamptz,
            order_value_cents bigint,
            device_type text,
            viewport_width integer,
            viewport_height integer,
            interaction_count bigint NOT NULL DEFAULT 0,
            last_category text,
            CONSTRAINT pk_sessions PRIMARY KEY (id),
            CONSTRAINT uq_sessions_external_id UNIQUE (external_id),
            CONSTRAINT fk_sessions_person_id FOREIGN KEY (person_id) REFERENCES people (id),
            CONSTRAINT fk_sessions_configuration_id FOREIGN KEY (configuration_id)
                REFERENCES configurations (id),
            CONSTRAINT ck_sessions_status CHECK (status IN ('ACTIVE', 'COMPLETED', 'ABANDONED'))
        ) WITH (fillfactor = 70)""",
    "inquiries": """
        CREATE TABLE inquiries (
            id uuid NOT NULL,
            configuration_id uuid NOT NULL,
            version bigint NOT NULL,
            total_cents bigint NOT NULL,
            selection jsonb NOT NULL,
            person_id uuid NOT NULL,
            session_id uuid,
            name text NOT NULL,
            email text NOT NULL,
            message text NOT NULL,
            consent_at timestamptz NOT NULL,
            status text NOT NULL DEFAULT 'NEW',
            body_sha256 bytea NOT NULL,
            created_at timestamptz NOT NULL DEFAULT now(),
            CONSTRAINT pk_inquiries PRIMARY KEY (id),
            CONSTRAINT fk_inquiries_configuration_id FOREIGN KEY (configuration_id)
                REFERENCES configurations (id),
            CONSTRAINT fk_inquiries_person_id FOREIGN KEY (person_id) REFERENCES people (id),
            CONSTRAINT fk_inquiries_session_id FOREIGN KEY (session_id) REFERENCES sessions (id)
        )""",
    "admin_links": """
        CREATE TABLE admin_links (
            token_sha256 bytea NOT NULL,
            created_at timestamptz NOT NULL DEFAULT now(),
            expires_at timestamptz NOT NULL,
            used_at timestamptz,
            CONSTRAINT pk_admin_links PRIMARY KEY (token_sha256)
        )""",
    "admin_sessions": """
        CREATE TABLE admin_sessions (
            token_sha256 bytea NOT NULL,
            created_at timestamptz NOT NULL DEFAULT now(),
            expires_at timestamptz NOT NULL,
            revoked_at timestamptz,
            CONSTRAINT pk_admin_sessions PRIMARY KEY (token_sha256)
        )""",
}

INDEXES = (
    """CREATE UNIQUE INDEX uq_operations_configuration_id_version
       ON operations (configuration_id, version) WHERE version IS NOT NULL""",
    "CREATE INDEX ix_share_links_configuration_id ON share_links (configuration_id)",
    "CREATE INDEX ix_grants_person_id ON grants (person_id)",
    "CREATE INDEX ix_sessions_started_at ON sessions (started_at)",
    "CREATE INDEX ix_sessions_configuration_id ON sessions (configuration_id)",
    "CREATE INDEX ix_inquiries_configuration_id ON inquiries (configuration_id)",
    "CREATE INDEX ix_inquiries_created_at ON inquiries (created_at)",
)


def upgrade() -> None:
    for statement in (*TABLES.values(), *INDEXES):
        op.execute(statement)
    op.execute("INSERT INTO deployment (epoch) VALUES (gen_random_uuid())")


def downgrade() -> None:
    for table in reversed(TABLES):
        op.execute(f"DROP TABLE {table}")
