"""Runs one Pulumi program to its end: started by the language host, in the program's own interpreter.

Reads a serialised RunRequest from standard input and writes the RunResponse to the file descriptor that its argument
names. Kept apart from the package's imports: only the Pulumi SDK of the program's environment is needed.
"""

import os
import runpy
import sys
import traceback
from pathlib import Path

import pulumi
from pulumi.automation._server import LanguageServer
from pulumi.runtime.proto import language_pb2


def _own_frames(program: Path, error: BaseException) -> str:
    """The traceback from the program's first frame on: what is above is the host's, not the user's."""
    frames = traceback.extract_tb(error.__traceback__)
    first = next((n for n, frame in enumerate(frames) if Path(frame.filename).is_relative_to(program)), 0)
    shown = traceback.format_list(frames[first:]) + traceback.format_exception_only(error)
    return "Traceback (most recent call last):\n" + "".join(shown)


def main(descriptor: int) -> None:
    """See the module."""
    request = language_pb2.RunRequest()
    request.ParseFromString(sys.stdin.buffer.read())
    directory = Path(request.info.program_directory)
    entry = (directory / (request.info.entry_point or ".")).resolve()

    def program() -> None:
        try:
            runpy.run_path(str(entry), run_name="__main__")
        except pulumi.RunError:
            raise
        except SystemExit as stop:
            if stop.code:
                raise pulumi.RunError(str(stop.code)) from stop
        except Exception as error:
            raise pulumi.RunError(
                f"Program failed with an unhandled exception:\n{_own_frames(entry, error)}"
            ) from error

    sys.argv = [str(entry)]
    sys.path[:] = [folder for folder in sys.path if Path(folder or ".").resolve() != Path(__file__).resolve().parent]
    answer = LanguageServer(program).Run(request, None)  # type: ignore[no-untyped-call]  # the SDK's is untyped
    if answer.error:  # it is logged already: without `bail` the engine would print it once more
        answer = language_pb2.RunResponse(bail=True)
    with os.fdopen(descriptor, "wb") as pipe:
        pipe.write(answer.SerializeToString())


if __name__ == "__main__":
    main(int(sys.argv[1]))
