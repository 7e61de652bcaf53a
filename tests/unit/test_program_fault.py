"""A traceback is shown as one line: where in the program, the type and the message."""

import subprocess
import sys
from pathlib import Path

import pytest

from firedrill.program_fault import in_one_line


@pytest.mark.parametrize(
    ("source", "line"),
    [
        ("def look(x):\n    return x['crit']\n\nlook({})\n", "program.py:2: KeyError: 'crit'"),
        ("import json\njson.loads('{')\n", "program.py:2: json.decoder.JSONDecodeError: Expecting property name"),
        ("x = (1\n", "program.py:1: SyntaxError: '(' was never closed"),
        (
            "try:\n    1 / 0\nexcept ZeroDivisionError:\n    raise ValueError('a: b')\n",
            "program.py:4: ValueError: a: b",
        ),
        ("assert not 1\n", "program.py:1: AssertionError"),
    ],
)
def test_the_last_place_in_the_program_the_type_and_the_message(source: str, line: str, tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(source)
    run = f"import runpy; runpy.run_path({str(tmp_path / 'program.py')!r})"
    ran = subprocess.run([sys.executable, "-c", run], capture_output=True, text=True, check=False)
    shown = in_one_line(ran.stderr, tmp_path)
    assert shown.startswith(line)
    assert "\n" not in shown


def test_another_text_stays_as_it_is(tmp_path: Path) -> None:
    assert in_one_line("set llm-api:env\nin Pulumi.dev.yaml", tmp_path) == "set llm-api:env\nin Pulumi.dev.yaml"
    sdk = "Traceback (most recent call last):\nApiRefused: PUT /api/unstable/llm-obs answered 403: {}"
    assert in_one_line(sdk, tmp_path) == "ApiRefused: PUT /api/unstable/llm-obs answered 403: {}"
