"""Reads scripts as sh and bash read them, to put values where they can only be values. See `core.shell_text`."""
