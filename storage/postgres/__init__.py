"""PostgreSQL: one public method is one transaction."""
