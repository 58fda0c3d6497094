from __future__ import annotations

from tests.git_hosts import certificate, git_daemon, new_repository, serve_http, shop, sshd

__all__ = ["certificate", "git_daemon", "new_repository", "serve_http", "shop", "sshd"]
