"""Storage: PostgreSQL is the truth, Redis carries hints and queues."""
