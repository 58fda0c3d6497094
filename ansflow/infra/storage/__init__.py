"""Logs, artifacts, caches and workspaces: in plain files below one folder, or in an S3-compatible store."""
