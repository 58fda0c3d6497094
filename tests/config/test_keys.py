from __future__ import annotations

import base64
import errno
import os
import stat
from pathlib import Path

import pytest

from ansflow.config import keys as making
from ansflow.config.keys import Keys, expect_keys, load_keys
from ansflow.core.errors import InvalidSpec

GOOD = base64.b64encode(bytes(range(32))).decode()


def modes(folder: Path) -> set[int]:
    return {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}


def refused(data: Path, ring_file: Path | None = None) -> str:
    with pytest.raises(InvalidSpec) as caught:
        load_keys(data, ring_file=ring_file)
    return str(caught.value)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    load_keys(folder)
    return folder


def put(path: Path, text: str) -> Path:
    path.touch(mode=0o600)
    path.write_text(text)
    return path


def test_the_first_start_makes_every_key_for_its_own_user_only(tmp_path: Path) -> None:
    keys = load_keys(tmp_path / "data")
    folder = tmp_path / "data" / "keys"
    assert (
        {path.name for path in keys.fresh} == {"session", "signing.pem", "ring"} == {p.name for p in folder.iterdir()}
    )
    assert modes(folder) == {0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == 0o700
    assert [len(key) for key in keys.ring.values()] == [32]


def test_every_later_start_reads_the_same_keys(data: Path) -> None:
    first, second = load_keys(data), load_keys(data)
    assert (first.session, first.signing, first.ring) == (second.session, second.signing, second.ring)
    assert second.fresh == ()


def test_two_installations_share_no_key(tmp_path: Path) -> None:
    one, other = load_keys(tmp_path / "one"), load_keys(tmp_path / "other")
    assert one.session != other.session
    assert one.signing != other.signing
    assert one.ring["k1"] != other.ring["k1"]


def test_keys_are_not_shown_by_mistake(data: Path) -> None:
    keys: Keys = load_keys(data)
    assert keys.session not in repr(keys)
    assert str(keys.ring["k1"]) not in repr(keys)


@pytest.mark.parametrize("name", ["session", "signing.pem", "ring"])
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620])
def test_a_key_that_others_can_read_or_write_is_refused(data: Path, name: str, mode: int) -> None:
    path = data / "keys" / name
    path.chmod(mode)
    assert f"chmod go-rwx {path}" in refused(data)


def test_a_folder_of_keys_that_others_can_enter_is_refused(data: Path) -> None:
    (data / "keys").chmod(0o750)
    assert "chmod go-rwx" in refused(data)


@pytest.mark.parametrize("made", [0, 1, 2])
def test_a_first_start_that_was_killed_between_two_keys_is_gone_on_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, made: int
) -> None:
    makers = ("_make_session", "_make_signing", "_make_ring")
    with monkeypatch.context() as killed, pytest.raises(KeyboardInterrupt):
        killed.setattr(making, makers[made], _killed)
        load_keys(tmp_path)
    folder = tmp_path / "keys"
    before = {path.name: path.read_text() for path in folder.iterdir() if not path.name.startswith(".")}
    assert len(before) == made

    found = load_keys(tmp_path)

    assert {path.name for path in found.fresh} == {"session", "signing.pem", "ring"}
    assert {path.name for path in folder.iterdir()} == {"session", "signing.pem", "ring"}
    assert before.items() <= {path.name: path.read_text() for path in folder.iterdir()}.items()
    assert load_keys(tmp_path).fresh == ()


def _killed() -> str:
    raise KeyboardInterrupt


@pytest.mark.parametrize("call", ["fsync", "link"])
def test_two_that_make_the_keys_at_once_have_the_same(
    call: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, theirs = getattr(os, call), []

    def meanwhile(*args: object) -> None:
        monkeypatch.setattr(os, call, real)
        theirs.append(load_keys(tmp_path))  # of a container, perhaps, where it has the same number
        real(*args)

    monkeypatch.setattr(os, call, meanwhile)
    ours = load_keys(tmp_path)
    assert [(one.session, one.signing, one.ring) for one in theirs] == [(ours.session, ours.signing, ours.ring)]
    assert {path.name for path in (tmp_path / "keys").iterdir()} == {"session", "signing.pem", "ring"}


def test_keys_that_another_start_has_just_made_are_not_taken_for_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, real = tmp_path / "keys", Path.exists
    load_keys(tmp_path)
    (folder / "ring").rename(tmp_path / "ring")

    def exists(path: Path) -> bool:
        found = real(path)
        if path.name == "ring" and not found:
            (tmp_path / "ring").rename(folder / "ring")
        return found

    monkeypatch.setattr(Path, "exists", exists)
    assert load_keys(tmp_path).fresh == ()


def test_what_a_killed_process_has_left_is_in_nobodys_way(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir(mode=0o700)
    put(tmp_path / "keys" / ".session.0123456789abcdef", "half a k")
    assert len(load_keys(tmp_path).session) > 50
    assert modes(tmp_path / "keys") == {0o600}


@pytest.mark.parametrize("name", ["session", "signing.pem", "ring"])
def test_one_key_that_is_gone_is_refused_and_not_made_anew(data: Path, name: str) -> None:
    (data / "keys" / name).unlink()
    assert f"{name} is gone" in refused(data)
    assert not (data / "keys" / name).exists()


def test_a_database_without_its_keys_is_refused(data: Path) -> None:
    for path in (data / "keys").iterdir():
        path.unlink()
    (data / "ansflow.sqlite3").touch()
    assert "its keys are gone" in refused(data)
    assert list((data / "keys").iterdir()) == []


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("session", "short", "weak"),
        ("session", "a" * 80, "weak"),
        ("session", "", "weak"),
        ("signing.pem", "no key", "no private key"),
        ("ring", "", "holds no key"),
        ("ring", "# a remark\n", "holds no key"),
        ("ring", "k1", "Line 1"),
        ("ring", f"k1 {GOOD[:-8]}", "Line 1"),
        ("ring", f"k 1 {GOOD}", "Line 1"),
        ("ring", f"k1 {base64.b64encode(bytes(32)).decode()}", "weak"),
        ("ring", f"k1 {GOOD}\nk1 {GOOD}", "a second time"),
    ],
)
def test_a_weak_or_broken_key_is_refused_without_being_shown(data: Path, name: str, text: str, sentence: str) -> None:
    put(data / "keys" / name, text)
    said = refused(data)
    assert sentence in said
    assert GOOD[:-8] not in said


def test_a_signing_key_of_too_few_bits_is_refused(data: Path) -> None:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=1024)
    form = serialization.PrivateFormat.PKCS8
    pem = key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()
    put(data / "keys" / "signing.pem", pem)
    assert "at least 2048 bits" in refused(data)


def test_the_last_key_of_the_ring_seals_and_all_of_them_open(data: Path) -> None:
    other = base64.b64encode(bytes(range(32, 64))).decode()
    put(data / "keys" / "ring", f"k1 {GOOD}\n# since the spring\nk2 {other}\n")
    ring = load_keys(data).ring
    assert list(ring) == ["k1", "k2"]


def test_a_ring_elsewhere_replaces_the_one_in_the_data_folder(tmp_path: Path) -> None:
    ring_file = put(tmp_path / "ring", f"vault {GOOD}\n")
    keys = load_keys(tmp_path / "data", ring_file=ring_file)
    assert keys.ring == {"vault": bytes(range(32))}
    assert not (tmp_path / "data" / "keys" / "ring").exists()


def test_a_ring_elsewhere_that_is_gone_is_refused(tmp_path: Path) -> None:
    assert "cannot be read" in refused(tmp_path / "data", tmp_path / "ring")


# ── one folder of keys for many machines ─────────────────────────────────────────────────────────────────────────


def test_keys_may_be_in_a_folder_of_their_own(tmp_path: Path) -> None:
    data, folder = tmp_path / "data", tmp_path / "secret"
    with pytest.raises(InvalidSpec, match="is no folder, and ANSFLOW_KEYS_DIR says that the keys are in it"):
        load_keys(data, folder=folder)
    folder.mkdir(mode=0o755)
    made = load_keys(data, folder=folder)
    assert {path.name for path in made.fresh} == {"session", "signing.pem", "ring"} and not (data / "keys").exists()
    assert load_keys(tmp_path / "other", folder=folder).session == made.session


def test_who_makes_no_keys_is_told_which_to_copy(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with pytest.raises(InvalidSpec, match=r"session, signing\.pem, ring\. Copy them from the first `ansflow serve`"):
        expect_keys(data / "keys")
    load_keys(data)
    expect_keys(data / "keys")
    (data / "keys" / "ring").unlink()
    with pytest.raises(InvalidSpec, match=r"are not in .*: ring\. Copy"):
        expect_keys(data / "keys")
    expect_keys(data / "keys", ring_file=tmp_path / "ring")


@pytest.mark.parametrize(("groups", "own"), [([7], 10001), ([10001], 5), ([], 10001)])
def test_a_secret_that_a_platform_mounts_is_read_by_way_of_a_group_of_ours(
    groups: list[int], own: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Of root, 0440: the group is that of the process, or one of the others that it has."""
    found = os.stat_result((stat.S_IFREG | 0o440, 1, 1, 1, 0, 10001, 1, 0, 0, 0))
    monkeypatch.setattr(Path, "stat", lambda self: found)
    for name, value in (("geteuid", 10001), ("getegid", own), ("getgroups", groups)):
        monkeypatch.setattr(os, name, lambda value=value: value)
    (tmp_path / "ring").write_text("x")
    assert making.read_private(tmp_path / "ring", "The ring") == "x"
    monkeypatch.setattr(os, "getegid", lambda: 6)
    monkeypatch.setattr(os, "getgroups", lambda: [7])
    with pytest.raises(InvalidSpec, match="can be read by other users"):
        making.read_private(tmp_path / "ring", "The ring")


def test_keys_that_are_mounted_read_only_are_read(data: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def read_only(path: Path, *_: object, **__: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))

    for verb in ("unlink", "touch", "mkdir"):
        kept = getattr(Path, verb)
        monkeypatch.setattr(
            Path, verb, lambda path, *a, kept=kept, **k: (read_only if "keys" in path.parts else kept)(path, *a, **k)
        )
    assert load_keys(tmp_path / "other", folder=data / "keys").fresh == ()
