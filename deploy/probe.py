#!/usr/bin/env -S python3 -IS
"""Whether the process of this container is fit for work: `/readyz` at the port where it answers probes.

Ends with 0 or 1, and says what is wrong.
"""

from __future__ import annotations

import os
import sys
from http.client import HTTPConnection, HTTPException

SECONDS = 4.0


def main() -> str:
    """What is wrong; "" when nothing is."""
    port = os.environ.get("ANSFLOW_HEALTH_PORT") or os.environ.get("ANSFLOW_PORT") or "8000"
    connection = HTTPConnection("127.0.0.1", int(port), timeout=SECONDS)
    try:
        connection.request("GET", "/readyz")
        answer = connection.getresponse()
        said = answer.read(4096).decode(errors="replace")
    except (OSError, HTTPException) as error:
        return f"no answer at port {port}: {error}"
    return "" if answer.status == 200 else said


if __name__ == "__main__":
    if wrong := main():
        sys.exit(wrong)
