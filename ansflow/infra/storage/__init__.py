"""Logs, artifacts, caches and workspaces in plain files below one folder."""
