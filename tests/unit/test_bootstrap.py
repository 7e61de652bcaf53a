"""The set-up unpacks a downloaded archive only if its digest is in the release's checksums."""

import hashlib
import io
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from firedrill import bootstrap
from tests.http_server import QuietHandler, serve

NAME = f"pulumi-v{bootstrap.CLI_VERSION}-linux-x64.tar.gz"


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, bytes]]:
    """Two paths of a server, the release's archive and its checksums: what is put here is there."""
    files: dict[str, bytes] = {}

    class Handler(QuietHandler):
        def do_GET(self) -> None:
            body = files.get(self.path[1:])
            self.send_response(404 if body is None else 200)
            self.send_header("Content-Length", str(len(body or b"")))
            self.end_headers()
            self.wfile.write(body or b"")

    with serve(Handler) as url:
        monkeypatch.setattr(
            bootstrap, "CLI_ARCHIVE", f"{url}/pulumi-v{bootstrap.CLI_VERSION}-{{system}}-{{machine}}.tar.gz"
        )
        monkeypatch.setattr(bootstrap, "CLI_CHECKSUMS", f"{url}/checksums.txt")
        monkeypatch.setattr("platform.system", lambda: "Linux")
        monkeypatch.setattr("platform.machine", lambda: "x86_64")
        yield files


def archive(files: Mapping[str, bytes]) -> bytes:
    """Return a gzipped tar."""
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w:gz") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), 0o755
            tar.addfile(entry, io.BytesIO(content))
    return whole.getvalue()


def line(content: bytes, name: str = NAME) -> bytes:
    """Return a file's line in a release's checksums."""
    return f"{hashlib.sha256(content).hexdigest()}  {name}\n".encode()


def download(folder: Path) -> tuple[bool, list[str]]:
    """Return whether the archive was accepted, and the files in the target folder."""
    work, target = folder / "work", folder / "target"
    work.mkdir()
    target.mkdir()
    return bootstrap.download_cli(work, target), sorted(path.name for path in target.iterdir())


def test_an_archive_that_is_what_its_release_says_is_unpacked(served: dict[str, bytes], tmp_path: Path) -> None:
    whole = archive({"pulumi/pulumi": b"the engine", "pulumi/pulumi-language-python": b"a host"})
    served |= {NAME: whole, "checksums.txt": line(b"other", f"{NAME}.sig") + line(whole)}
    assert download(tmp_path) == (True, ["pulumi", "pulumi-language-python"])


def test_another_archive_is_not_unpacked_and_reported(
    served: dict[str, bytes], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = archive({"pulumi/pulumi": b"somebody else's"})
    served |= {NAME: whole, "checksums.txt": line(archive({"pulumi/pulumi": b"the engine"}))}
    assert download(tmp_path) == (False, [])
    assert not (tmp_path / "work" / "download").exists()
    assert f"{NAME} does not match" in capsys.readouterr().out


@pytest.mark.parametrize("checksums", [None, b"", b"\xff\xfe", line(b"x", "pulumi-windows.zip")])
def test_without_a_checksum_nothing_is_unpacked(
    served: dict[str, bytes], tmp_path: Path, checksums: bytes | None
) -> None:
    served[NAME] = archive({"pulumi/pulumi": b"the engine"})
    if checksums is not None:
        served["checksums.txt"] = checksums
    assert download(tmp_path) == (False, [])
    assert not (tmp_path / "work" / "download").exists()


def test_an_archive_that_is_none_leaves_nothing(served: dict[str, bytes], tmp_path: Path) -> None:
    served |= {NAME: b"<html>", "checksums.txt": line(b"<html>")}
    assert download(tmp_path) == (False, [])
