"""The worker: interactions to PostgreSQL, and what has to happen from time to time."""
