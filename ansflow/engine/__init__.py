"""Drives executions through ports; sees neither Django nor Celery."""
