"""PostgreSQL, as Django knows it."""
