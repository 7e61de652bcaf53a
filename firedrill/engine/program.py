"""One run of a Pulumi program; the language host starts this file in the program's own interpreter.

Reads a serialised RunRequest from standard input and writes the RunResponse to the file descriptor of its argument.
Imports nothing of this package but its neighbour: the program's environment needs to have the Pulumi SDK only.
"""

import os
import runpy
import sys
import traceback
from collections.abc import Callable
from functools import partial
from pathlib import Path

import grpc
import pulumi
from pulumi.automation import _server
from pulumi.automation._server import LanguageServer
from pulumi.runtime import run_in_stack
from pulumi.runtime.proto import language_pb2


def _fault(root: Path, error: BaseException) -> str:
    """Return an exception of the program as one line: the last place in its own sources, the type and the message."""
    frames = [(frame.filename, frame.lineno) for frame in traceback.extract_tb(error.__traceback__)]
    if isinstance(error, SyntaxError):
        frames.append((error.filename or "", error.lineno))
    own = [(file, line) for file, line in frames if Path(file).is_relative_to(root) and "site-packages" not in file]
    place = f"{Path(own[-1][0]).relative_to(root).as_posix()}:{own[-1][1]}: " if own else ""
    text = error.msg if isinstance(error, SyntaxError) else str(error)
    return f"{place}{type(error).__name__}: {text}"


async def _run_in_stack(root: Path, program: Callable[[], None]) -> None:
    """Run the program; any exception, also of an output's function, is an error of one line."""
    try:
        await run_in_stack(program)
    except (pulumi.RunError, grpc.RpcError):
        raise
    except Exception as error:
        raise pulumi.RunError(_fault(root, error)) from error


def main(descriptor: int) -> None:
    """Run the program of the request and write the response to a file descriptor."""
    request = language_pb2.RunRequest()
    request.ParseFromString(sys.stdin.buffer.read())
    directory = Path(request.info.program_directory)
    root = Path(request.info.root_directory or directory).resolve()
    entry = (directory / (request.info.entry_point or ".")).resolve()

    def program() -> None:
        try:
            runpy.run_path(str(entry), run_name="__main__")
        except SystemExit as stop:
            if stop.code:
                raise pulumi.RunError(str(stop.code)) from stop

    runpy.run_path(str(Path(__file__).with_name("output_wait.py")))["install"]()
    sys.argv = [str(entry)]
    sys.path[:] = [folder for folder in sys.path if Path(folder or ".").resolve() != Path(__file__).resolve().parent]
    setattr(_server, "run_in_stack", partial(_run_in_stack, root))  # noqa: B010 - mypy: the module does not export it
    response = LanguageServer(program).Run(request, None)  # type: ignore[no-untyped-call]  # the SDK's is untyped
    if response.error:  # it is logged already: without `bail` the engine would print it again
        response = language_pb2.RunResponse(bail=True)
    with os.fdopen(descriptor, "wb") as pipe:
        pipe.write(response.SerializeToString())


if __name__ == "__main__":
    main(int(sys.argv[1]))
