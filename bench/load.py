"""HTTP requests at the least cost to the client, which shares the machine with what it measures."""

from __future__ import annotations

import socket
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter
from urllib.parse import urlsplit

AT_ONCE = 4


class Client:
    """One connection that is kept alive. Only for answers with a Content-Length."""

    def __init__(self, url: str, token: str = "") -> None:
        place = urlsplit(url)
        self._host = place.netloc
        self._header = f"Authorization: Bearer {token}\r\n" if token else ""
        self._socket = socket.create_connection((place.hostname, place.port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def get(self, path: str) -> bytes:
        """The body. Raises RuntimeError for any status but 200."""
        self._socket.sendall(f"GET {path} HTTP/1.1\r\nHost: {self._host}\r\n{self._header}\r\n".encode())
        data = b""
        while (end := data.find(b"\r\n\r\n")) < 0:
            data += self._receive()
        head = data[:end].lower()
        if not head.startswith(b"http/1.1 200"):
            raise RuntimeError(f"{path}: {data[:200]!r}")
        length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
        parts, missing = [data[end + 4 :]], length - len(data) + end + 4
        while missing > 0:
            parts.append(self._receive())
            missing -= len(parts[-1])
        return b"".join(parts)

    def _receive(self) -> bytes:
        data = self._socket.recv(1 << 18)
        if not data:
            raise RuntimeError("the server has hung up")
        return data

    def close(self) -> None:
        self._socket.close()


def one_by_one(url: str, token: str, path: str, count: int) -> list[float]:
    """Seconds of each request, one after the other. Connections are made anew: a server closes those that rest."""
    client = Client(url, token)
    taken = []
    for _ in range(count):
        began = perf_counter()
        client.get(path)
        taken.append(perf_counter() - began)
    client.close()
    return taken


def saturated(url: str, token: str, path: str, count: int) -> float:
    """Requests per second, while each of some clients asks again as soon as it is answered."""
    each = count // AT_ONCE
    with ThreadPoolExecutor(AT_ONCE) as clients:
        began = perf_counter()
        for asking in [clients.submit(one_by_one, url, token, path, each) for _ in range(AT_ONCE)]:
            asking.result()
        return each * AT_ONCE / (perf_counter() - began)
