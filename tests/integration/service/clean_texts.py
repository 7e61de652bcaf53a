"""Technical texts without anything private: code and documentation that others wrote, and lines of logs.

Shares nothing with the redactor's rules. Code is that of Python's standard library and of installed packages.
"""

import importlib.metadata
import random
import re
import string
import sysconfig
import uuid
from collections.abc import Callable
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[3]
EMAIL = re.compile(r"\S@\w|\bat\b.*\bdot\b", re.IGNORECASE)
"""Source files name their authors: such lines are left out, since addresses are private."""
SERVICES = ("llm-api", "checkout", "indexer", "auth-proxy", "gateway")
HEX = "0123456789abcdef"


def _hex(chance: random.Random, length: int) -> str:
    return "".join(chance.choices(HEX, k=length))


def _number(chance: random.Random, length: int) -> str:
    return "".join(chance.choices(string.digits, k=length))


def _version(chance: random.Random) -> str:
    return f"{chance.randint(0, 12)}.{chance.randint(0, 120)}.{chance.randint(0, 40)}"


def _time(chance: random.Random) -> str:
    return f"2026-{chance.randint(1, 12):02d}-{chance.randint(1, 28):02d}T{chance.randint(0, 23):02d}:{chance.randint(0, 59):02d}:{chance.randint(0, 59):02d}"


Line = Callable[[random.Random], str]

LOGS: dict[str, Line] = {
    "json log": lambda r: f'{{"time": "{_time(r)}.{_number(r, 6)}Z", "level": "INFO", "dd.trace_id": "{_hex(r, 32)}", "dd.span_id": "{r.getrandbits(64)}", "message": "chat: answered", "duration_seconds": {r.random():.6f}}}',
    "text log with ids": lambda r: f"{_time(r)} INFO [app] [dd.service=llm-api dd.trace_id={r.getrandbits(64)} dd.span_id={r.getrandbits(64)}] - request done in {r.randint(1, 900)} ms",
    "access log": lambda r: f'10.{r.randint(0, 255)}.{r.randint(0, 255)}.{r.randint(1, 254)} - - [{r.randint(1, 28):02d}/Nov/2026:{r.randint(0, 23):02d}:{r.randint(0, 59):02d}:07 +0000] "GET /api/v{r.randint(1, 3)}/items/{r.randint(1, 10**9)}?page={r.randint(1, 99)} HTTP/1.1" {r.choice((200, 404, 503))} {r.randint(100, 10**6)} "-" "curl/8.{r.randint(0, 9)}.1"',
    "kubernetes event": lambda r: f"Pulled image europe-docker.pkg.dev/acme/{r.choice(SERVICES)}@sha256:{_hex(r, 64)} in {r.random() * 9:.3f}s",
    "pod name": lambda r: f"{r.choice(SERVICES)}-{_hex(r, 10)}-{''.join(r.choices(string.ascii_lowercase + string.digits, k=5))} restarted {r.randint(1, 30)} times",
    "token usage": lambda r: f"tokens: {r.randint(1, 99999)} prompt_tokens={r.randint(1, 9999)} max_tokens={r.choice((1024, 2048, 4096))} token_count: {r.randint(1, 9999)}",
    "refusal": lambda r: r.choice(("the token is invalid", "the token has expired", "password is required", "secret not found in namespace prod", "401: invalid or missing token", "no API key was given", "the access token was rejected by the server", "Token expired, refresh it and try again")),
    "metric": lambda r: f"llm.chat.latency p95:{r.random() * 9:.4f} p99:{r.random() * 20:.4f} env:prod service:{r.choice(SERVICES)} count:{r.randint(1, 10**7)}",
    "timings": lambda r: f"gc pause {r.random() * 100:.12f} ms at {1_795_000_000_000 + r.randint(0, 10**10)} heap {r.randint(10**8, 10**11)} bytes",
    "stack frame": lambda r: f"  at com.acme.{r.choice(('billing', 'auth', 'core'))}.TokenService.refresh(TokenService.java:{r.randint(10, 900)})",
    "resource": lambda r: f"projects/acme-prod/secrets/{r.choice(SERVICES)}-key/versions/{r.randint(1, 30)} was enabled",
    "ids": lambda r: f"request {uuid.UUID(int=r.getrandbits(128), version=4)} of session {uuid.UUID(int=r.getrandbits(128), version=4)} took {r.randint(1, 9999)} ms",
    "coordinates": lambda r: f"nearest zone at {r.uniform(-90, 90):.7f},{r.uniform(-180, 180):.7f}, {r.uniform(1, 9000):.3f} km",
}  # fmt: skip
CODE: dict[str, Line] = {
    "commit": lambda r: r.choice(("commit {}", "HEAD is now at {} Fix the retry of writes", "{}", "Merge {} into main", "deployed {} to prod", "git checkout {}", "revert of {}", "({})", "https://github.com/acme/app/commit/{}", "sha: {}")).format(_hex(r, 40)),
    "digest": lambda r: r.choice(("sha256:{}", "--hash=sha256:{}", "etag {}", "checksum {}", "{}  dist/app.tar.gz", "digest={}")).format(_hex(r, 64)),
    "md5": lambda r: f"{_hex(r, 32)}  ./build/app-{_version(r)}.whl",
    "npm package": lambda r: r.choice((f"@babel/core@{_version(r)}", f"npm install react@{_version(r)} @types/node@{_version(r)}", f"resolved @acme/ui-kit@{_version(r)}-beta.{r.randint(1, 9)}", f'"node_modules/lodash": {{"version": "{_version(r)}"}}')),
    "python package": lambda r: f"{r.choice(('flask', 'ddtrace', 'google-cloud-storage'))}=={_version(r)} --hash=sha256:{_hex(r, 64)}",
    "git remote": lambda r: f"git@github.com:acme/{r.choice(SERVICES)}.git",
    "action": lambda r: f"uses: actions/checkout@v{r.randint(2, 6)}.{r.randint(0, 9)}.{r.randint(0, 9)}",
    "image": lambda r: f"FROM registry.acme.dev/{r.choice(SERVICES)}:{_version(r)}@sha256:{_hex(r, 64)}",
    "integrity": lambda r: "integrity sha512-" + "".join(r.choices(string.ascii_letters + string.digits + "+/", k=86)) + "==",
    "environment by reference": lambda r: r.choice(("DB_PASSWORD=${DB_PASSWORD}", 'password = os.environ["DB_PASSWORD"]', "token: ${{ secrets.GITHUB_TOKEN }}", "api_key=settings.api_key,", "secretKeyRef: {name: db, key: password}", "password: Optional[str] = None", "token = request.headers.get('Authorization')", "def login(user: str, password: str) -> Token:", "if not token: raise ValueError('token is missing')", "const token = await getToken(user)", 'assert token == expected_token', "self._password = password", "PASSWORD=********", "--password-stdin", "secret = Secret.from_name(name)", "apiKey: process.env.API_KEY")),
    "systemd": lambda r: f"Started getty@tty{r.randint(1, 9)}.service; user@{r.randint(1000, 9999)}.service is active",
    "date": lambda r: f"{r.randint(1, 28):02d}.{r.randint(1, 12):02d}.2026 {r.randint(0, 23):02d}:{r.randint(0, 59):02d} backup of {r.randint(1, 900)} files, {r.randint(1, 9)},{_number(r, 3)},{_number(r, 3)} rows",
    "addresses": lambda r: f"listen 127.0.0.1:{r.randint(1024, 65535)}, fe80::{_hex(r, 4)}:{_hex(r, 4)}, mac {':'.join(_hex(r, 2) for _ in range(6))}, 10.0.0.0/{r.randint(8, 30)}",
    "url": lambda r: f"https://api.acme.dev/v{r.randint(1, 3)}/users/{r.randint(1, 10**8)}/orders?limit={r.randint(1, 100)}&cursor={_hex(r, 24)}",
}  # fmt: skip


@cache
def _source_lines(folder: str) -> list[str]:
    files = sorted(Path(sysconfig.get_path(folder)).glob("*.py" if folder == "stdlib" else "[f-s]*/*.py"))
    lines = [line.strip() for file in files[:400] for line in file.read_text(errors="replace").splitlines()]
    return [line for line in lines if len(line) > 12 and not EMAIL.search(line)]


@cache
def _document_lines() -> list[str]:
    files = sorted((ROOT / "docs").rglob("*.md"))
    lines = [line.strip() for file in files for line in file.read_text().splitlines()]
    return [line for line in lines if len(line) > 12 and not EMAIL.search(line)]


@cache
def _packages() -> list[str]:
    return sorted(f"{item.metadata['Name']}=={item.version}" for item in importlib.metadata.distributions())


def clean_texts(seed: int, count: int = 4000) -> list[tuple[str, str]]:
    """Return kinds and texts, the same for each seed."""
    chance = random.Random(seed)
    made: dict[str, Line] = LOGS | CODE | {
        "line of the standard library": lambda r: r.choice(_source_lines("stdlib")),
        "line of a package": lambda r: r.choice(_source_lines("purelib")),
        "line of documentation": lambda r: r.choice(_document_lines()),
        "installed package": lambda r: r.choice(_packages()),
    }  # fmt: skip
    kinds = list(made)
    return [(kind, made[kind](chance)) for kind in (kinds[number % len(kinds)] for number in range(count))]
