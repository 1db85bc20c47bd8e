"""The store: one database, SQLite by default or PostgreSQL, reached by the same statements."""
