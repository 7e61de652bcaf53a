"""The pre-commit hook: ``firedrill prove --monitors`` on each file. Options before the files are passed on."""

import subprocess
import sys


def main(arguments: list[str]) -> int:
    """Judge the monitors of each file; return the worst exit code."""
    files = [argument for argument in arguments if argument.endswith((".json", ".jsonl"))]
    options = [argument for argument in arguments if argument not in files]
    code = 0
    for file in files:
        print(f"{file}:", flush=True)
        command = [sys.executable, "-m", "firedrill.cli", "prove", *options, "--monitors", file]
        code = max(code, subprocess.run(command, check=False).returncode)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
