"""The built pages that the packages serve are those of the sources in ``web/``."""

import hashlib
import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import ROOT

WEB = ROOT / "web"
SERVED_FROM = {
    "console": "firedrill/sandbox/datadog/console/static",
    "theater": "service/static/theater",
    "report": "firedrill/prove/report_page",
}


def digest(page: str) -> str:
    """Return the SHA-256 over relative path and content of a page's sources, as ``web/build.mjs`` computes it."""
    sources = [WEB / name for name in (page, "shared", "package-lock.json", "tsconfig.json", "build.mjs")]
    files = [file for path in sources for file in (path.rglob("*") if path.is_dir() else [path]) if file.is_file()]
    total = hashlib.sha256()
    for name in sorted(file.relative_to(WEB).as_posix() for file in files):
        total.update(f"{name}\0".encode() + (WEB / name).read_bytes() + b"\0")
    return total.hexdigest()


@pytest.mark.parametrize("page", [page for page in SERVED_FROM if (WEB / page / "index.html").exists()])
def test_a_built_page_is_of_the_sources(page: str) -> None:
    built = Path(ROOT / SERVED_FROM[page] / "sources.sha256")
    assert built.exists(), f"web/{page} was never built: run `make web`"
    assert built.read_text().strip() == digest(page), f"web/{page} has changed since it was built: run `make web`"


@pytest.mark.slow
@pytest.mark.skipif(not (WEB / "node_modules").exists(), reason="not run: needs the packages of web/ (npm ci in web/)")
def test_a_build_is_the_committed_one_and_has_maps_of_all_scripts(tmp_path: Path) -> None:
    """As the deployment uploads them: the maps fit only the scripts of the same build."""
    copy = tmp_path / "web"
    shutil.copytree(WEB, copy, symlinks=True, ignore=shutil.ignore_patterns("maps"))
    subprocess.run(["node", "build.mjs", "theater"], cwd=copy, check=True, capture_output=True)
    built, committed = tmp_path / SERVED_FROM["theater"], ROOT / SERVED_FROM["theater"]
    names = {path.relative_to(committed) for path in committed.rglob("*") if path.is_file()}
    assert names == {path.relative_to(built) for path in built.rglob("*") if path.is_file()}
    assert all((built / name).read_bytes() == (committed / name).read_bytes() for name in names)
    for script in (built / "assets").glob("*.js"):
        kept = copy / "maps" / "theater" / script.name
        assert kept.read_bytes() == script.read_bytes()
        assert json.loads(kept.with_name(f"{script.name}.map").read_text())["sources"]
