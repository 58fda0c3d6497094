"""Ports that need a product but no tables: storage in files, dispatch over threads."""
