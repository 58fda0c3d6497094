"""Pipelines and every version of their text."""
