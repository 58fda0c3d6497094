"""Runs a server until the process that asked for it is gone: `python guard.py PID FOLDER USER COMMAND…`.

Tests may be killed at any moment; what they started must not live on. Nothing is polled. Ends as the server ends, or
with 128 and the signal that has killed it.
"""

from __future__ import annotations

import os
import pwd
import select
import shutil
import signal
import subprocess
import sys


def main() -> int:
    owner, folder, user, *command = sys.argv[1:]
    known = pwd.getpwnam(user)
    other = {"user": user, "group": known.pw_gid, "extra_groups": []} if os.getuid() == 0 else {}
    watched = os.pidfd_open(int(owner))
    server = subprocess.Popen(command, stdin=subprocess.DEVNULL, cwd=folder, **other)
    ended = os.pidfd_open(server.pid)
    ready, _, _ = select.select([watched, ended], [], [])
    if ended not in ready:
        server.send_signal(signal.SIGTERM)
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()
    if watched in ready:
        shutil.rmtree(folder, ignore_errors=True)
    code = server.wait()
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main())
