import json
import os
import re
from pathlib import Path

import pytest

from bench.peers.environments import LOCKS
from bench.peers.peer import Peer, identifier
from bench.peers.servers import PEERS
from bench.server_steps import SHAPES
from bench.shapes import layers


@pytest.mark.parametrize("key", PEERS)
@pytest.mark.parametrize("count", range(1, len(SHAPES) + 1))
def test_what_a_peer_is_given_can_be_read_and_holds_every_step(key, count, tmp_path):
    shapes = SHAPES[:count]
    files = PEERS[key](Path("/nowhere"), tmp_path, shapes).files()
    (text,) = (text for place, text in files.items() if place.endswith((".py", ".cfg")))
    compile(text, key, "exec")
    (held,) = re.findall(r"json\.loads\('''(.*)'''\)", text)
    assert list(json.loads(held)) == [identifier(shape) for shape in shapes]
    steps = [sum(found) if key == "buildbot" else len(found) for found in json.loads(held).values()]
    assert steps == [len(shape) for shape in shapes]


def test_a_shape_has_a_name_that_every_peer_takes():
    names = {identifier(shape) for shape in SHAPES}
    assert len(names) == len(SHAPES) and all(name.isidentifier() and name.isascii() for name in names)


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
def test_each_step_stands_in_one_layer(shape):
    assert sum(layers(shape)) == len(shape)


@pytest.mark.parametrize("key", [*PEERS, "act", "live"])
def test_every_version_of_a_peer_is_pinned_with_hashes_and_no_host(key):
    text = (LOCKS / f"{key}.txt").read_text()
    pinned = re.findall(r"^\S+==\S+", text, re.MULTILINE)
    assert pinned and "://" not in text
    assert len(re.findall(r"^\S+==[^\n]*\\\n    --hash=sha256:", text, re.MULTILINE)) == len(pinned)


class Daemon(Peer):
    """Leaves a process behind in a session of its own, as some do."""

    name = "Daemon"

    def files(self):
        return {"daemon.sh": "setsid sh -c 'touch begun; sleep 86399.5' & wait"}

    def launch(self):
        self.start("sh", "daemon.sh")

    def ready(self):
        return (self.folder / "begun").exists()

    def trigger(self, shape):
        raise AssertionError(shape)

    def ended(self, run):
        raise AssertionError(run)


def test_whatever_a_peer_has_started_ends_with_it(tmp_path):
    with Daemon(Path("/nowhere"), tmp_path, SHAPES) as peer:
        assert _of(tmp_path)
        assert peer.idle_memory() > 0
    assert not _of(tmp_path)


def _of(folder):
    """The processes that work in the folder."""
    return [pid for pid in os.listdir("/proc") if pid.isdigit() and _place(pid) == str(folder)]


def _place(pid):
    try:
        return os.readlink(f"/proc/{pid}/cwd")
    except OSError:
        return ""
