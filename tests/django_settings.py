"""The settings of a real installation, in a data folder of the tests' own."""

from __future__ import annotations

import os
import tempfile

os.environ["ANSFLOW_DATA_DIR"] = tempfile.mkdtemp(prefix="ansflow-tests-")

from ansflow.config.django_settings import *  # noqa: F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # made to be slow, a real one takes half a second
