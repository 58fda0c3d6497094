"""SQLite with one writer at a time. Named as Django wants a backend to be named."""
