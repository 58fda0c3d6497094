"""The settings of a real installation, in a data folder of the tests' own."""

from __future__ import annotations

import os
import tempfile

os.environ["ANSFLOW_DATA_DIR"] = tempfile.mkdtemp(prefix="ansflow-tests-")

from ansflow.config.django_settings import *  # noqa: F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # made to be slow, a real one takes half a second
DATABASES["default"]["TEST"] = {"NAME": f"{os.environ['ANSFLOW_DATA_DIR']}/test.sqlite3"}  # noqa: F405 — threads share it
DATABASES["default"]["OPTIONS"]["init_command"] = "PRAGMA synchronous = OFF"  # noqa: F405 — no test pulls the plug
