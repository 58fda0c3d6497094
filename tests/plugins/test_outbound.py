"""The client for addresses that users write. A canary counts connections; none may reach it unless allowed."""

from __future__ import annotations

import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansflow.core.errors import ExternalError
from ansflow.plugins.outbound import Answer, Outbound, allowed_hosts, is_public


class Canary:
    """Listens on loopback, IPv4 and IPv6, and counts whoever connects."""

    def __init__(self) -> None:
        self.hits = 0
        self.port = 0
        self.answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
        self._listeners: list[socket.socket] = []
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
            listener = socket.socket(family)
            try:
                listener.bind((host, self.port))
            except OSError:
                listener.close()
                continue  # a machine without IPv6
            listener.listen()
            self.port = listener.getsockname()[1]
            self._listeners.append(listener)
            thread = threading.Thread(target=self._serve, args=(listener,))
            thread.start()
            self._threads.append(thread)

    def _serve(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            self.hits += 1
            with connection:
                connection.recv(65536)
                connection.sendall(self.answer)

    def stop(self) -> None:
        for listener in self._listeners:
            listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        for thread in self._threads:
            thread.join()


@pytest.fixture(scope="module")
def canary() -> Iterator[Canary]:
    listening = Canary()
    listening.start()
    yield listening
    listening.stop()


def post(url: str, outbound: Outbound | None = None) -> Any:
    return (outbound or Outbound()).post(url, content=b"{}", headers={})


def answering(*addresses: str) -> Callable[..., Any]:
    """A name server that gives these addresses for every name."""
    return lambda name, port, **options: [
        (socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))
        for address in addresses
    ]


HOSTS_TEXT = """
127.0.0.1 127.1 127.0.1 127.255.255.254 127.000.000.001 0127.0.0.1 0177.0.0.1 0177.1 0x7f.1 0x7f.0.0.1 0x7f000001
2130706433 017700000001 0x7F.0x0.0x0.0x1 127.0.0.1. 127.0.0.01 0 0.0.0.0 0.0.0.1 00000000.0 localhost LOCALHOST
LocalHost localhost. localhost.localdomain ip6-localhost ip6-loopback [::1] [::] [0:0:0:0:0:0:0:1] [::0001]
[0000:0000:0000:0000:0000:0000:0000:0001] [::ffff:127.0.0.1] [::ffff:7f00:1] [::FFFF:127.0.0.1]
[0:0:0:0:0:ffff:127.0.0.1] [::127.0.0.1] [::7f00:1] [64:ff9b::127.0.0.1] [64:ff9b::7f00:1] [64:ff9b:1::7f00:1]
[2002:7f00:1::] [2002:7f00:0001::1] [2001:0:7f00:1::] [2001::1] [::ffff:0:127.0.0.1] [fe80::1] [fe80::1%25lo]
[fe80::1%lo] [fe80::1%251] [::1%25lo] [fc00::1] [fd00::1] [fec0::1] [ff02::1] [ff01::1] [100::1] [2001:db8::1]
[3fff::1] [3ffe::1] [5f00::1] [4000::1] 10.0.0.1 10.255.255.255 172.16.0.1 172.31.255.255 192.168.0.1 192.168.1.254
169.254.169.254 169.254.0.1 [fd00:ec2::254] 100.64.0.1 100.127.255.255 100.100.100.200 192.0.0.1 192.0.0.192 192.0.2.1
198.18.0.1 198.19.255.255 198.51.100.1 203.0.113.1 224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255 192.88.99.1
192.31.196.1 192.52.193.1 192.175.48.1 metadata.google.internal.127.0.0.1 1.1.1 1.1 256.256.256.256 127.0.0.1.1
[127.0.0.1] [::1.2.3.4] ①②⑦.⓪.⓪.① 127。0。0。1 127．0．0．1 １２７.0.0.1 ⓛocalhost localhoſt loc%61lhost 127.0.0%2e1
%6c%6f%63%61%6c%68%6f%73%74 -localhost localhost- .localhost local..host *.localhost localhost,evil.example
localhost;evil 127.0.0.1,8.8.8.8
"""
HOSTS = HOSTS_TEXT.split()

FORMS_TEXT = r"""
http://user@127.0.0.1:{port}/ http://user:pass@localhost:{port}/ http://8.8.8.8@127.0.0.1:{port}/
http://8.8.8.8:80@127.0.0.1:{port}/ http://127.0.0.1:{port}@8.8.8.8/ http://8.8.8.8%40127.0.0.1:{port}/
http://8.8.8.8\@127.0.0.1:{port}/ http://8.8.8.8#@127.0.0.1:{port}/ http://127.0.0.1:{port}#@8.8.8.8/
http://127.0.0.1:{port}\@8.8.8.8/ http:\\127.0.0.1:{port}/ http:/127.0.0.1:{port}/ http:127.0.0.1:{port}/
http:///127.0.0.1:{port}/ //127.0.0.1:{port}/ 127.0.0.1:{port}/ http://127.0.0.1:+{port}/ http://127.0.0.1:{port}x/
http://[::1/ http://::1:{port}/ http://[::1]]:{port}/ http://[]:{port}/ http://:{port}/ http://127.0.0.1:99999/
http://127.0.0.1:-1/ http://127.0.0.1:/ http://127.0.0.1:0/ http://8.8.8.8:0/ http://8.8.8.8:6379/ http://8.8.8.8:22/
http://8.8.8.8:25/ http://8.8.8.8:11211/ ftp://127.0.0.1:{port}/ gopher://127.0.0.1:{port}/_x file:///etc/passwd
file://127.0.0.1/etc/passwd dict://127.0.0.1:{port}/x ldap://127.0.0.1:{port}/ jar:http://127.0.0.1:{port}!/
data:text/plain,x javascript:1 ws://127.0.0.1:{port}/ unix:///var/run/docker.sock http+unix://%2Frun%2Fdocker.sock/
HTTP://127.0.0.1:{port}/ hTTp://LOCALHOST:{port}/ https://127.0.0.1:{port}/ http://127.0.0.1:{port}/?u=http://8.8.8.8
http://127.0.0.1:{port}/../@8.8.8.8 http://127.0.0.1:{port};8.8.8.8/ http://127.0.0.1:{port}?@8.8.8.8/
http://localhost:{port}%23@8.8.8.8/ http://8.8.8.8%00.127.0.0.1:{port}/ http://[v1.x]:{port}/
"""
FORMS = FORMS_TEXT.split()

BROKEN = [
    "",
    " ",
    "http://",
    "http://127.0.0.1:{port}/\r\nHost: 8.8.8.8",
    "http://127.0.0.1:{port}/ HTTP/1.1\r\nX: y",
    " http://127.0.0.1:{port}/",
    "http://127.0.0.1:{port}/\t",
    "http://127.0.0.1\t:{port}/",
    "http://127.0.0.1\n:{port}/",
    "http://127.0.0.1\x00:{port}/",
    "http://local\u00adhost:{port}/",
    "http://local\u200bhost:{port}/",
    "http://localhost\uff0f@8.8.8.8:{port}/",
    "http://127.0.0.1:{port}/" + "a" * 5000,
]

URLS = [f"http://{host}:{{port}}/hook" for host in HOSTS] + FORMS + BROKEN


def test_no_url_reaches_what_is_inside(canary: Canary, count: Callable[[str, int], None]) -> None:
    before, accepted = canary.hits, []
    for template in URLS:
        url = template.replace("{port}", str(canary.port))
        try:
            post(url)
        except ExternalError as error:
            assert str(error).endswith((".", ")")) and error.__cause__ is None
        else:
            accepted.append(url)
    assert accepted == []
    assert canary.hits == before
    assert len(URLS) == len(set(URLS)) >= 150
    count("URLs that must not reach what is inside: 0 did", len(URLS))


PIECES = [
    *("http://", "https://", "127.0.0.1", "localhost", "203.0.113.8", "[::1]", "a.example", "0x7f", "%31", "@", ":"),
    *(
        "/",
        "\\",
        "#",
        "?",
        "//",
        ".",
        "80",
        "\t",
        "\r\n",
        "\u3002",
        "\u2460",
        " ",
        "%00",
        "user:pw",
        "[",
        "]",
        "::ffff:",
    ),
]


def test_whatever_is_written_ends_in_a_refusal(canary: Canary, count: Callable[[str, int], None]) -> None:
    """Every name leads inside; whatever is accepted as a URL is refused by its address."""
    outbound, before, examples = Outbound(resolve=answering("127.0.0.1")), canary.hits, 2_000
    piece = st.one_of(st.sampled_from(PIECES), st.text(max_size=3, alphabet=st.characters(exclude_categories=["Nd"])))

    @settings(max_examples=examples, deadline=None)
    @given(pieces=st.lists(piece, max_size=9), lead=st.booleans())
    def refuse(pieces: list[str], lead: bool) -> None:
        url = ("http://" if lead else "") + "".join(pieces).replace("80", str(canary.port))
        with pytest.raises(ExternalError):
            outbound.post(url, content=b"", headers={})

    refuse()
    assert canary.hits == before
    count("URLs put together at random: 0 reached what is inside", examples)


@pytest.mark.parametrize(
    "addresses",
    [
        ("127.0.0.1",),
        ("8.8.8.8", "127.0.0.1"),
        ("127.0.0.1", "8.8.8.8"),
        ("8.8.8.8", "::1"),
        ("2606:4700::1111", "fd00::1"),
        ("8.8.8.8", "169.254.169.254"),
        ("::ffff:10.0.0.1",),
        ("64:ff9b::a00:1",),
        ("fe80::1%eth0",),
        ("not an address",),
    ],
)
def test_a_name_with_one_inner_address_is_refused(canary: Canary, addresses: tuple[str, ...]) -> None:
    before = canary.hits
    with pytest.raises(ExternalError, match="is not a public address"):
        post(f"http://rebind.example:{canary.port}/", Outbound(resolve=answering(*addresses)))
    assert canary.hits == before


def test_a_name_is_resolved_once_and_the_connection_goes_to_the_judged_address(canary: Canary) -> None:
    """A name server that gives a public address first and loopback from then on gets asked once."""
    answers = iter([["8.8.8.8"], ["127.0.0.1"], ["127.0.0.1"]])
    asked = []

    def rebinding(name: str, port: int, **options: Any) -> Any:
        asked.append(name)
        return answering(*next(answers))(name, port)

    target = Outbound(resolve=rebinding).target("rebind.example", canary.port)
    assert target.addresses == ("8.8.8.8",)
    assert asked == ["rebind.example"]


def test_the_request_goes_to_the_pinned_address_under_the_hosts_name(canary: Canary) -> None:
    seen: list[bytes] = []
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            seen.append(connection.recv(65536))
            connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

    thread = threading.Thread(target=serve)
    thread.start()
    outbound = Outbound([f"hooks.example:{port}"], resolve=answering("127.0.0.1"))
    assert post(f"http://hooks.example:{port}/a?b=c", outbound).status == 204
    thread.join()
    listener.close()
    assert seen[0].startswith(b"POST /a?b=c HTTP/1.1\r\n")
    assert f"\r\nhost: hooks.example:{port}\r\n".encode() in seen[0].lower()


def test_tls_names_the_host_and_verifies_its_certificate(tmp_path: Path) -> None:
    """The server sees the host's name in SNI; its certificate is for that name, but nobody vouches for it."""
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=hooks.example",
         "-addext", "subjectAltName=DNS:hooks.example", "-keyout", tmp_path / "key", "-out", tmp_path / "cert"],
        check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert", tmp_path / "key")
    names: list[str | None] = []
    context.sni_callback = lambda connection, name, context: names.append(name)
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    requests: list[bytes] = []

    def serve() -> None:
        connection, _ = listener.accept()
        try:
            with context.wrap_socket(connection, server_side=True) as encrypted:
                requests.append(encrypted.recv(65536))
        except ssl.SSLError:
            connection.close()

    thread = threading.Thread(target=serve)
    thread.start()
    outbound = Outbound([f"hooks.example:{port}"], resolve=answering("127.0.0.1"))
    with pytest.raises(ExternalError, match="certificate"):
        post(f"https://hooks.example:{port}/", outbound)
    thread.join()
    listener.close()
    assert names == ["hooks.example"]
    assert requests in ([], [b""])


def test_only_the_exact_host_and_port_that_are_allowed_are_reached(canary: Canary) -> None:
    outbound = Outbound([f"127.0.0.1:{canary.port}"])
    before = canary.hits
    assert post(f"http://127.0.0.1:{canary.port}/", outbound).status == 200
    assert canary.hits == before + 1
    for other in (f"localhost:{canary.port}", "127.0.0.1:1", f"[::1]:{canary.port}", f"127.0.0.2:{canary.port}"):
        with pytest.raises(ExternalError, match="is not a public address"):
            post(f"http://{other}/", outbound)
    assert canary.hits == before + 1


def test_the_refusal_names_the_setting_that_would_allow_it(canary: Canary) -> None:
    with pytest.raises(ExternalError, match=f"ANSFLOW_ALLOW_PRIVATE_HOSTS=127.0.0.1:{canary.port}"):
        post(f"http://127.0.0.1:{canary.port}/")


def test_the_setting_is_a_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANSFLOW_ALLOW_PRIVATE_HOSTS", " a.example:80, [::1]:8080 ,")
    assert allowed_hosts() == ("a.example:80", "[::1]:8080")


def test_proxies_of_the_environment_are_ignored(canary: Canary, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert post(f"http://127.0.0.1:{canary.port}/", Outbound([f"127.0.0.1:{canary.port}"])).status == 200


def test_a_redirect_is_given_back_and_not_followed(canary: Canary, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = f"HTTP/1.1 307 Moved\r\nlocation: http://127.0.0.1:{canary.port}/x\r\ncontent-length: 0\r\n\r\n"
    monkeypatch.setattr(canary, "answer", answer.encode())
    before = canary.hits
    assert post(f"http://127.0.0.1:{canary.port}/", Outbound([f"127.0.0.1:{canary.port}"])).status == 307
    assert canary.hits == before + 1


def test_an_endless_answer_is_cut(canary: Canary, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(canary, "answer", b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 200_000)
    with pytest.raises(ExternalError, match="larger than 64 KiB"):
        post(f"http://127.0.0.1:{canary.port}/", Outbound([f"127.0.0.1:{canary.port}"]))


def test_a_compressed_answer_is_not_unpacked(canary: Canary, monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 4\r\n\r\n\x1f\x8b\x08\x00"
    monkeypatch.setattr(canary, "answer", bomb)
    answer = post(f"http://127.0.0.1:{canary.port}/", Outbound([f"127.0.0.1:{canary.port}"]))
    assert answer.body == b"\x1f\x8b\x08\x00"
    assert answer.json == {}


def test_an_answer_nested_without_end_is_no_json() -> None:
    assert Answer(status=200, body=b"[" * 60_000).json == {}


def test_a_name_that_does_not_exist_is_worth_another_try() -> None:
    def nowhere(*args: Any, **options: Any) -> Any:
        raise socket.gaierror(-2, "Name or service not known")

    with pytest.raises(ExternalError, match=r"The host hooks.example was not found") as failure:
        post("https://hooks.example/secret", Outbound(resolve=nowhere))
    assert not failure.value.permanent
    assert "secret" not in str(failure.value)


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "223.5.5.5", "2606:4700:4700::1111", "2400:3200::1"])
def test_public_addresses_are_public(address: str) -> None:
    assert is_public(address)
