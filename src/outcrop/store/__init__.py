"""Where records are kept: SQLite, PostgreSQL, or memory."""
