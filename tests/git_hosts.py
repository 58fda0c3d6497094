"""Repositories and the real ways to reach them: git http-backend, git daemon and sshd, each on a free loopback port."""

from __future__ import annotations

import base64
import os
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

WHO = {
    "GIT_AUTHOR_NAME": "Ann",
    "GIT_AUTHOR_EMAIL": "ann@example.org",
    "GIT_COMMITTER_NAME": "Ann",
    "GIT_COMMITTER_EMAIL": "ann@example.org",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_ALLOW_PROTOCOL": "file:https:ssh",
}


@dataclass(frozen=True)
class Repository:
    path: Path

    def git(self, *arguments: str) -> str:
        done = subprocess.run(
            ["git", *arguments], cwd=self.path, env=os.environ | WHO, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    def commit(self, message: str, **files: str) -> str:
        for name, text in files.items():
            path = self.path / name.replace("__", "/").replace("_dot_", ".")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)
        return self.git("rev-parse", "HEAD")


NewRepository = Callable[[str], Repository]


@pytest.fixture
def new_repository(tmp_path: Path) -> NewRepository:
    def make(name: str) -> Repository:
        path = tmp_path / "repositories" / name
        path.mkdir(parents=True)
        repository = Repository(path)
        repository.git("init", "--quiet", "--initial-branch=main")
        return repository

    return make


@pytest.fixture
def shop(new_repository: NewRepository) -> Repository:
    """Three commits, a branch and a tag."""
    repository = new_repository("shop")
    repository.commit("first", readme="one\n", src__app="print(1)\n", docs__guide="guide\n")
    repository.git("tag", "--annotate", "v1.0", "--message", "one")
    repository.commit("second", readme="two\n")
    repository.git("branch", "feature/cart")
    repository.commit("third", readme="three\n")
    return repository


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class HttpHost:
    """`git http-backend` as a CGI program. `seen` holds the Authorization header of every request."""

    port: int
    root: Path
    login: str = ""
    redirect: str = ""
    status: int = 0
    seen: list[str] = field(default_factory=list)
    scheme: str = "http"

    def url(self, name: str) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}/{name}"


class _Cgi(BaseHTTPRequestHandler):
    host: HttpHost
    protocol_version = "HTTP/1.0"

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""

    def do_GET(self) -> None:
        self.host.seen.append(self.headers.get("Authorization", ""))
        if self.host.status:
            return self.send_error(self.host.status)
        if self.host.redirect:
            self.send_response(302)
            self.send_header("Location", self.host.redirect + self.path)
            return self.end_headers()
        wanted = "Basic " + base64.b64encode(self.host.login.encode()).decode()
        if self.host.login and self.headers.get("Authorization") != wanted:
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="git"')
            return self.end_headers()
        self._backend()

    do_POST = do_GET

    def _backend(self) -> None:
        path, _, query = self.path.partition("?")
        env = {
            "PATH": os.environ["PATH"], "GIT_PROJECT_ROOT": str(self.host.root), "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": path, "QUERY_STRING": query, "REQUEST_METHOD": self.command, "REMOTE_ADDR": "127.0.0.1",
            "CONTENT_TYPE": self.headers.get("Content-Type", ""), "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""), "GIT_CONFIG_GLOBAL": "/dev/null",
        }  # fmt: skip
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        done = subprocess.run(["git", "http-backend"], env=env, input=body, capture_output=True, check=False)
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        fields = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
        self.send_response(int(fields.pop("Status", "200").split()[0]))
        for name, value in fields.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


@contextmanager
def http_host(root: Path, certificate: Path | None = None, **settings: object) -> Iterator[HttpHost]:
    """Serves the repositories below `root` while it is open."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Cgi", (_Cgi,), {}))
    server.daemon_threads = True
    host = HttpHost(server.server_address[1], root, **settings)  # type: ignore[arg-type]
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        host.scheme = "https"
    server.RequestHandlerClass.host = host  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield host
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def serve_http(tmp_path: Path) -> Iterator[Callable[..., HttpHost]]:
    with ExitStack() as hosts:
        yield lambda certificate=None, **settings: hosts.enter_context(
            http_host(tmp_path / "repositories", certificate, **settings)
        )


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A key and a certificate that signs itself for 127.0.0.1, in one file."""
    if not shutil.which("openssl"):
        pytest.skip("openssl is not installed: no certificate can be made")
    key, both = tmp_path / "key.pem", tmp_path / "both.pem"
    words = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1"
    subprocess.run([*words.split(), "-keyout", key, "-out", both], check=True, capture_output=True)
    both.write_text(both.read_text() + key.read_text())
    return both


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    """Returns when somebody listens; a server that ended instead fails the test with its words."""
    for _ in range(2000):
        if process.poll() is not None:
            pytest.fail(f"{process.args} ended: {process.stderr.read().decode() if process.stderr else ''}")
        with socket.socket() as probe:
            probe.settimeout(0.01)
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        threading.Event().wait(0.005)
    pytest.fail(f"{process.args} does not listen")


@pytest.fixture
def git_daemon(tmp_path: Path) -> Iterator[str]:
    """The address under which every repository of the test is served."""
    port = free_port()
    root = tmp_path / "repositories"
    root.mkdir(exist_ok=True)
    process = subprocess.Popen(
        ["git", "daemon", "--reuseaddr", "--export-all", f"--base-path={root}", "--listen=127.0.0.1", f"--port={port}"],
        stderr=subprocess.PIPE,
        env=os.environ | WHO,
        start_new_session=True,
    )
    wait_for(port, process)
    yield f"git://127.0.0.1:{port}"
    os.killpg(process.pid, 15)
    process.communicate()


@dataclass(frozen=True)
class SshHost:
    port: int
    user: str
    key: str
    known_hosts: str
    root: Path

    def url(self, name: str) -> str:
        return f"ssh://{self.user}@127.0.0.1:{self.port}{self.root}/{name}"


@pytest.fixture
def sshd(tmp_path: Path) -> Iterator[SshHost]:
    program = shutil.which("sshd", path=os.environ["PATH"] + ":/usr/sbin")
    if not program:
        pytest.skip("sshd is not installed: make services installs it")
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)
    folder = tmp_path / "sshd"
    folder.mkdir(mode=0o700)
    for name in ("host", "user"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name], check=True)
    port = free_port()
    (folder / "config").write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {folder}/host\nAuthorizedKeysFile {folder}/user.pub\n"
        f"PidFile {folder}/pid\nUsePAM no\nStrictModes no\nPasswordAuthentication no\nPermitRootLogin yes\n"
    )
    process = subprocess.Popen([program, "-D", "-e", "-f", folder / "config"], stderr=subprocess.PIPE)
    wait_for(port, process)
    host_key = " ".join((folder / "host.pub").read_text().split()[:2])
    user = os.environ.get("USER") or "root"
    yield SshHost(
        port=port,
        user=user,
        key=(folder / "user").read_text(),
        known_hosts=f"[127.0.0.1]:{port} {host_key}",
        root=tmp_path / "repositories",
    )
    process.terminate()
    process.communicate()
