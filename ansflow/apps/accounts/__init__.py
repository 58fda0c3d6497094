"""Tenants, people, groups and API tokens."""
