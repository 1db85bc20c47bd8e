"""Migrations of the store, by Alembic; every part adds revisions of its own under ``versions``."""
