"""The lean import of the SDK registers what the plain one registers, and gives way to it whenever something is odd."""

import base64
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from importlib.metadata import distribution
from pathlib import Path

import pytest

from tests.unit.infra.conftest import record

ROOT = Path(__file__).parents[2]
FILES = {
    "__init__.py": (
        "from . import _utilities\nimport typing\nfrom .get_user import *\nfrom .monitor import *\n"
        "from ._inputs import *\nfrom . import outputs\nregistered = _utilities.VALUE\n"
    ),
    "_utilities.py": "VALUE = 7\n",
    "get_user.py": "__all__ = [\n    'get_user',\n]\n\ndef get_user():\n    return 'found'\n",
    "monitor.py": (
        "from . import _utilities\nfrom . import outputs\nfrom ._inputs import *\n\n__all__ = ['Monitor']\n\n"
        "class Monitor:\n    def __init__(self, options: 'OptionsArgs' = None):\n        self.options = options\n"
    ),
    "_inputs.py": (
        "import typing\nfrom typing import TypedDict\nfrom . import _utilities\n\n__all__ = [\n    'OptionsArgs',\n"
        "    'InnerArgs',\n    'OtherArgsDict',\n]\n\n"
        "class OptionsArgs:\n    inner: 'InnerArgs'\n    def line(self):\n        raise RuntimeError('here')\n\n"
        "class InnerArgs:\n    size: int\n\nclass OtherArgsDict(TypedDict):\n    size: int\n"
    ),
    "outputs.py": (
        "from . import _utilities\nfrom . import outputs\n\n__all__ = [\n    'Options',\n]\n\n"
        "class Options(dict):\n    inner: 'outputs.Options'\n"
    ),
}
LOOK = """
import json, sys, traceback, typing
from firedrill import lean_sdk
answer = {"lean": lean_sdk.install()}
import pulumi_datadog as dd
def defined():
    return sorted(name for name in vars(sys.modules["pulumi_datadog._inputs"]) if name.endswith(("Args", "ArgsDict")))
answer["first"] = defined() if "pulumi_datadog._inputs" in sys.modules else []
import pulumi_datadog.get_user
answer["user"] = dd.get_user()
from pulumi_datadog import Monitor
answer["second"] = defined()
answer["hints"] = str(typing.get_type_hints(dd.OptionsArgs)["inner"].__name__)
answer["same"] = dd.OptionsArgs is sys.modules["pulumi_datadog._inputs"].OptionsArgs
answer["output"] = typing.get_type_hints(dd.outputs.Options)["inner"] is dd.outputs.Options
try:
    dd.OptionsArgs().line()
except RuntimeError as error:
    answer["line"] = traceback.extract_tb(error.__traceback__)[-1].line
answer["other"] = dd.OtherArgsDict(size=1)
answer["registered"] = dd.registered
answer["unknown"] = hasattr(dd, "NoSuchThing")
print(json.dumps(answer))
"""
Sdk = Callable[..., Path]
Look = Callable[[Path], tuple[dict[str, object], list[str]]]


@pytest.fixture
def sdk(tmp_path: Path) -> Sdk:
    """Create a package with the SDK's layout, as pip installs it; with ``published``, its files differ from that."""

    def make(files: Mapping[str, str] = {}, published: Mapping[str, str] = {}, version: str = "5.1.0") -> Path:
        package, info = tmp_path / "pulumi_datadog", tmp_path / f"pulumi_datadog-{version}.dist-info"
        package.mkdir()
        info.mkdir()
        lines = []
        for name, content in (FILES | dict(files)).items():
            (package / name).write_text(content)
            digest = hashlib.sha256(dict(published).get(name, content).encode()).digest()
            lines.append(f"pulumi_datadog/{name},sha256={base64.urlsafe_b64encode(digest).decode().rstrip('=')},1")
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: pulumi-datadog\nVersion: {version}\n")
        (info / "RECORD").write_text("\n".join(lines))
        return tmp_path

    return make


@pytest.fixture
def look(tmp_path: Path) -> Look:
    """Import that package in a new process; return what it printed, and the logged lines."""

    def run(folder: Path) -> tuple[dict[str, object], list[str]]:
        path = os.pathsep.join([str(folder), str(ROOT), os.environ.get("PYTHONPATH", "")])
        ran = subprocess.run(
            [sys.executable, "-B", "-c", LOOK],
            capture_output=True,
            text=True,
            check=False,
            env=os.environ | {"PYTHONPATH": path, "XDG_CACHE_HOME": str(tmp_path / "cache")},
        )
        assert ran.returncode == 0, ran.stderr
        return json.loads(ran.stdout), ran.stderr.splitlines()

    return run


ALL = ["InnerArgs", "OptionsArgs", "OtherArgsDict"]
SEEN = {
    "user": "found",
    "hints": "InnerArgs",
    "same": True,
    "output": True,
    "line": "raise RuntimeError('here')",
    "other": {"size": 1},
    "registered": 7,
    "unknown": False,
}
LEAN = SEEN | {"lean": True, "first": [], "second": ["InnerArgs", "OptionsArgs"]}
PLAIN = SEEN | {"lean": False, "first": ALL, "second": ALL}


def test_the_whole_stack_registers_the_same_both_ways() -> None:
    lean, plain = record(lean=True), record(lean=False)
    assert plain["input_classes"] > 10_000
    assert 0 < lean["input_classes"] < 1_000
    assert len(lean["requests"]) > 40
    by_urn = [
        {f"{request['type']} {request['name']}": request for request in answer["requests"]} for answer in (lean, plain)
    ]
    assert by_urn[0].keys() == by_urn[1].keys()
    for urn, request in by_urn[0].items():
        assert request == by_urn[1][urn]
    assert lean["stderr"] == plain["stderr"] == ""


def test_the_published_package_stays_as_it_is() -> None:
    record(lean=True)
    installed = distribution("pulumi_datadog")
    for file in installed.files or ():
        if file.name in {"__init__.py", "_inputs.py", "outputs.py", "monitor.py"} and len(file.parts) == 2:
            digest = hashlib.sha256(Path(str(file.locate())).read_bytes()).digest()
            assert file.hash is not None
            assert file.hash.value == base64.urlsafe_b64encode(digest).decode().rstrip("=")


def test_only_what_is_named_is_defined(sdk: Sdk, look: Look) -> None:
    folder = sdk()
    for _ in ("built", "from the cache"):
        assert look(folder) == (LEAN, [])


@pytest.mark.parametrize(
    ("made", "says"),
    [
        ({"version": "6.0.0"}, "its version is 6.0.0, not 5.x"),
        ({"published": {"_inputs.py": "another"}}, "_inputs.py is not the published one"),
        ({"files": {"_inputs.py": FILES["_inputs.py"].replace("InnerArgs:", "InnerArgs(object):")}}, "unknown form"),
        ({"files": {"_inputs.py": FILES["_inputs.py"].replace("    'InnerArgs',\n", "")}}, "exactly what its __all__"),
        ({"files": {"get_user.py": "def get_user():\n    return 'found'\n"}}, "get_user.py has no list __all__"),
    ],
)
def test_an_unexpected_package_is_imported_plainly(made: dict[str, str], says: str, sdk: Sdk, look: Look) -> None:
    seen, logged = look(sdk(**made))
    assert len(logged) == 1 and says in logged[0]
    assert seen["lean"] is False
    assert {key: seen[key] for key in ("user", "hints", "registered")} == {
        key: SEEN[key] for key in ("user", "hints", "registered")
    }


def test_a_damaged_index_gives_way_with_one_line(sdk: Sdk, look: Look, tmp_path: Path) -> None:
    folder = sdk()
    look(folder)
    [index] = (tmp_path / "cache").rglob("index.json")
    index.write_text("{")
    seen, logged = look(folder)
    assert seen == PLAIN
    assert len(logged) == 1 and f"delete {index.parent}" in logged[0]


def test_caches_that_nobody_reads_are_removed(sdk: Sdk, look: Look, tmp_path: Path) -> None:
    unused, used = (tmp_path / "cache" / "firedrill" / f"lean_sdk-{name}" / "index.json" for name in ("1", "2"))
    for index in (unused, used):
        index.parent.mkdir(parents=True)
        index.write_text("{}")
    os.utime(unused, (0, 0))
    look(sdk())
    assert not unused.parent.exists()
    assert used.exists()


def test_damaged_code_is_compiled_again(sdk: Sdk, look: Look, tmp_path: Path) -> None:
    folder = sdk()
    look(folder)
    codes = list((tmp_path / "cache").rglob("*.code"))
    for code in codes:
        code.write_bytes(b"damaged")
    assert codes and look(folder) == (LEAN, [])


def test_a_file_that_changed_unseen_is_executed_whole_with_one_line(sdk: Sdk, look: Look, tmp_path: Path) -> None:
    folder = sdk()
    look(folder)
    for code in (tmp_path / "cache").rglob("*.code"):
        code.unlink()
    file = folder / "pulumi_datadog" / "_inputs.py"
    status = file.stat()
    moved = file.read_text().replace("class InnerArgs:\n    size: int\n\n", "")
    file.write_text(moved + "\nclass InnerArgs:\n    size: int\n")
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert file.stat().st_size == status.st_size
    seen, logged = look(folder)
    assert len(logged) == 1 and "_inputs.py is executed as a whole" in logged[0]
    assert seen == LEAN | {"second": ALL}


def test_a_cache_that_cannot_be_written_is_no_error(sdk: Sdk, look: Look, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file where the folder should be")
    assert look(sdk()) == (LEAN, [])
