"""What the proof of the images wants of the machine: Podman, a base image, and the package settings of the host.

A machine of CI may reach no registry of images and packages only by a mirror: then the base is made by debootstrap, and
a build sees the settings of the host's pip and npm, as mounts that leave nothing in the image.
"""

from __future__ import annotations

import configparser
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.deploy.composed import podman

ROOT = Path(__file__).parents[2]
IMAGE = "localhost/ansflow:proof"
BASE = "docker.io/library/debian:bookworm-slim"
BUILDING = 1800.0  # seconds, on a busy machine
NEEDED = ("podman", "buildah", "runc", "debootstrap", "iptables")
CONFIG = """\
[containers]
default_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
"""


Figure = Callable[[str, str], None]
"""Prints what was measured."""


def expect_podman(folder: Path) -> Path:
    """The file of its settings. Skips with the reason where containers cannot be run."""
    if os.environ.get("ANSFLOW_IMAGE_PROOF") is None:
        pytest.skip("building images takes minutes: make image-proof")
    missing = [name for name in NEEDED if shutil.which(name) is None]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)} (make image-proof installs them)")
    if os.geteuid() != 0:
        pytest.skip("the proof changes owners of files: it wants root")
    config = folder / "containers.conf"
    config.write_text(CONFIG)
    return config


def expect_base() -> None:
    """The base image, pulled, or made of Debian's packages."""
    if podman("image", "exists", BASE, check=False).returncode == 0:
        return
    if podman("pull", "--quiet", BASE, check=False).returncode == 0:
        return
    with tempfile.TemporaryDirectory() as root:
        made = ["debootstrap", "--variant=minbase", "--include=ca-certificates", "bookworm", root]
        subprocess.run(made, check=True, timeout=BUILDING, stdout=subprocess.DEVNULL)
        with subprocess.Popen(["tar", "-C", root, "-c", "."], stdout=subprocess.PIPE) as packed:
            subprocess.run(["podman", "import", "-", BASE], check=True, timeout=BUILDING, stdin=packed.stdout)


def build(tag: str, file: Path, context: Path, *words: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        mounts = [f"--volume={mount}:ro" for mount in host_settings(Path(folder))]
        command = ("build", "--network=host", "--format=docker", *mounts, *words)
        podman(*command, f"--file={file}", f"--tag={tag}", str(context), timeout=BUILDING)


def host_settings(folder: Path) -> Iterator[str]:
    """`place on the host:place in the build`. Certificates get a place of their own: the build installs Debian's."""
    pip, npm = folder / "pip.conf", folder / "npmrc"
    certificates = Path(os.environ.get("SSL_CERT_FILE", "/etc/ssl/certs/ca-certificates.crt"))
    read = configparser.ConfigParser(interpolation=None)
    read.read(["/etc/pip.conf", Path.home() / ".config/pip/pip.conf"])
    section = dict(read["global"]) if "global" in read else {}
    section.pop("constraint", None)
    if certificates.exists():
        yield f"{certificates.resolve()}:/run/host-certificates.crt"
        section["cert"] = "/run/host-certificates.crt"
    written = configparser.ConfigParser(interpolation=None)
    written["global"] = section
    with pip.open("w") as file:
        written.write(file)
    npm.write_text("cafile=/run/host-certificates.crt\n" if certificates.exists() else "")
    yield f"{pip}:/etc/pip.conf"
    yield f"{npm}:/root/.npmrc"
    for key in ("find-links", "extra-index-url"):
        for place in section.get(key, "").split():
            path = Path(place.removeprefix("file://"))
            if path.is_absolute() and path.is_dir():
                folder = path.parent if path.name == "simple" else path  # an index, beside the files that it names
                yield f"{folder}:{folder}"
