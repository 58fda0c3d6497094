"""Executions: what the engine keeps, and what people ask of it."""
