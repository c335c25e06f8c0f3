"""A model hub on this machine, as far as fetching goes: what a repository holds, and its files from any byte on."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

COMMIT = "a" * 40


@dataclass(slots=True)
class ModelHub:
    """Repositories by name, their files by name."""

    repositories: dict[str, dict[str, bytes]] = field(default_factory=dict[str, dict[str, bytes]])
    url: str = ""
    breaks_after: int | None = None
    """The next download ends after so many bytes, as if the line were cut."""
    asked: list[str] = field(default_factory=list[str])
    """Every download: the file, and from which byte on."""

    def add(self, name: str, **files: Path) -> None:
        self.repositories[name] = {file: path.read_bytes() for file, path in files.items()}


class _Handler(BaseHTTPRequestHandler):
    hub: ModelHub

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def log_message(self, format: str, *arguments: object) -> None:
        pass

    def _answer(self, *, with_body: bool) -> None:
        parts = unquote(urlsplit(self.path).path).strip("/").split("/")
        if parts[:2] == ["api", "models"]:
            self._describe("/".join(parts[2:4]), parts[4:])
        elif parts[2:3] == ["resolve"]:
            self._send_file("/".join(parts[:2]), "/".join(parts[4:]), with_body=with_body)
        else:
            self._refuse("EntryNotFound")

    def _describe(self, repository: str, revision: list[str]) -> None:
        files = self.hub.repositories.get(repository)
        if files is None:
            self._refuse("RepoNotFound")
        elif revision and revision[-1] not in ("main", COMMIT):
            self._refuse("RevisionNotFound")
        else:
            siblings = [{"rfilename": name, "size": len(content)} for name, content in files.items()]
            body = json.dumps({"id": repository, "sha": COMMIT, "siblings": siblings}).encode()
            self._send(200, body, {"Content-Type": "application/json"})

    def _send_file(self, repository: str, name: str, *, with_body: bool) -> None:
        content = self.hub.repositories[repository].get(name)
        if content is None:
            self._refuse("EntryNotFound")
            return
        begin = int((self.headers.get("Range") or "bytes=0-").removeprefix("bytes=").partition("-")[0])
        headers = {
            "ETag": f'"{hashlib.sha256(content).hexdigest()}"',
            "X-Repo-Commit": COMMIT,
            "Accept-Ranges": "bytes",
            "Content-Range": f"bytes {begin}-{len(content) - 1}/{len(content)}",
        }
        if with_body:
            self.hub.asked.append(f"{name} from {begin}")
        self._send(206 if begin else 200, content[begin:], headers, with_body=with_body)

    def _send(self, status: int, body: bytes, headers: dict[str, str], *, with_body: bool = True) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        if with_body:
            whole = len(body)
            if self.hub.breaks_after is not None and "ETag" in headers:
                body, self.hub.breaks_after = body[: self.hub.breaks_after], None
            self.wfile.write(body)
            if len(body) < whole:
                self.wfile.flush()
                self.close_connection = True
                self.connection.close()

    def _refuse(self, code: str) -> None:
        body = b'{"error": "not found"}'
        self._send(404, body, {"X-Error-Code": code, "X-Error-Message": "not found"})


@contextmanager
def model_hub() -> Generator[ModelHub, None, None]:
    hub = ModelHub()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"hub": hub}))
    hub.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
