"""The behaviour of every command in a terminal, in a pipe, and when it is interrupted."""

import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
FIREDRILL = [sys.executable, "-m", "firedrill.cli"]
ESCAPE = "\x1b"
ENVIRONMENT = {name: value for name, value in os.environ.items() if name not in {"COLUMNS", "FORCE_COLOR"}}
LONG_NAME = "availability of the checkout service in europe-west3 burns its error budget within three days or less"


def firedrill(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a command with its output in pipes."""
    environment = ENVIRONMENT | variables
    return subprocess.run(
        [*FIREDRILL, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=120
    )


def test_the_version_is_printed() -> None:
    result = firedrill("--version")
    assert re.fullmatch(r"firedrill \d+\.\d+\.\d+\S*\n", result.stdout)
    assert result.returncode == 0


def test_the_help_is_sentences_under_the_name_of_the_command() -> None:
    text = firedrill("--help").stdout
    assert text.startswith("Usage: firedrill [OPTIONS] COMMAND")
    commands = re.findall(r"^  [a-z]+  +(\S.*)$", text.partition("Commands:")[2], re.MULTILINE)
    assert len(commands) >= 20
    assert [line for line in commands if not line.endswith(".")] == []


def test_a_shell_completes_commands_and_options() -> None:
    # The shell is recognised by the process that runs the command; `; exit` keeps it there.
    shown = subprocess.run(
        ["bash", "-c", f"{shlex.join([*FIREDRILL, '--show-completion'])}; exit $?"],
        cwd=ROOT, env=ENVIRONMENT, capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    script = shown.stdout
    assert "complete -o default -F _firedrill_completion firedrill" in script
    variables = {"_FIREDRILL_COMPLETE": "complete_bash", "COMP_CWORD": "1"}
    assert firedrill(COMP_WORDS="firedrill pro", **variables).stdout.split() == ["prove"]
    options = firedrill(COMP_WORDS="firedrill prove --re", **variables | {"COMP_CWORD": "2"}).stdout.split()
    assert "--report" in options


@pytest.fixture
def monitors(tmp_path: Path) -> Path:
    """Return a file with a monitor of a long name."""
    file = tmp_path / "monitors.json"
    file.write_text(
        f'[{{"id": 1, "name": "{LONG_NAME}", "type": "query alert", "message": "high @slack-ops", '
        '"query": "avg(last_5m):avg:system.load.1{*} > 4"}]'
    )
    (tmp_path / "ordinary.yaml").write_text(
        "signals: {load: {metric: system.load.1, type: gauge, value: 1, spread: 0, tags: {host: a}}}\n"
    )
    return file


def test_names_are_whole_and_without_colours_in_a_pipe(monitors: Path) -> None:
    ordinary = monitors.parent / "ordinary.yaml"
    result = firedrill("prove", "--monitors", str(monitors), "--ordinary", str(ordinary), "--seeds", "1")
    assert LONG_NAME in result.stdout, result.stderr
    assert ESCAPE not in result.stdout + result.stderr


def test_no_color_and_force_color_are_obeyed(monitors: Path) -> None:
    monitors.write_text(monitors.read_text().replace("> 4", "> > 4"))
    coloured = firedrill("prove", "--monitors", str(monitors), FORCE_COLOR="1")
    plain = firedrill("prove", "--monitors", str(monitors), FORCE_COLOR="1", NO_COLOR="1")
    assert f"{ESCAPE}[31m" in coloured.stdout
    assert f"{ESCAPE}[31m" not in plain.stdout


@contextmanager
def proof(output: Path, **variables: str) -> Iterator[subprocess.Popen[str]]:
    """Start the proof of this stack, which takes minutes, in a process group of its own."""
    with (
        output.open("w") as file,
        subprocess.Popen(
            [*FIREDRILL, "prove"], cwd=ROOT, env=ENVIRONMENT | variables, stdout=file, stderr=file, text=True,
            start_new_session=True,
        ) as process,
    ):  # fmt: skip
        try:
            yield process
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)


def interrupt(process: subprocess.Popen[str], output: Path, printed: str) -> float:
    """Send Ctrl-C to the whole group, as a terminal does, once the output has a text; return the seconds to the end."""
    deadline = time.monotonic() + 120
    while printed not in output.read_text():
        assert process.poll() is None and time.monotonic() < deadline, output.read_text()
        time.sleep(0.05)
    began = time.monotonic()
    os.killpg(process.pid, signal.SIGINT)
    assert process.wait(10) == 130
    return time.monotonic() - began


def test_ctrl_c_ends_a_proof_at_once_with_one_line(tmp_path: Path) -> None:
    output = tmp_path / "output"
    with proof(output) as process:
        assert interrupt(process, output, "Reading the monitors: ") < 5  # 2 s on a machine that does nothing else
        assert output.read_text().partition(" s\n")[2] == "Interrupted.\n"
        with pytest.raises(ProcessLookupError):
            os.killpg(process.pid, 0)


def test_ctrl_c_ends_a_proof_while_its_program_is_read(tmp_path: Path) -> None:
    output = tmp_path / "output"
    with proof(output, FORCE_COLOR="1") as process:
        assert interrupt(process, output, "Reading the monitors") < 5
        assert output.read_text().count("Interrupted.") == 1
        assert "Traceback" not in output.read_text()
