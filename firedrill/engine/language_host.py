"""A Python language host for Pulumi, for machines whose Pulumi CLI came without one.

The engine starts ``pulumi-language-python`` from PATH, reads the port from its first line of output and calls the
LanguageRuntime service (pulumi/proto/pulumi/language.proto). The Go host of the official distribution does the same
and more (dependency installation, code generation); those calls answer UNIMPLEMENTED here.

Each program runs in a process of its own (:mod:`firedrill.engine.program`), since one host serves both the preview
and the update of ``pulumi up`` and modules must not outlive a run.
"""

import contextlib
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, Any, NoReturn

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import (
    LanguageRuntimeServicer,
    add_LanguageRuntimeServicer_to_server,
    language_pb2,
    plugin_pb2,
)

MESSAGE_LIMIT = 400 * 1024 * 1024
"""Bytes; the engine's own limit for a gRPC message."""


def interpreter(info: Any) -> str:
    """Return a program's Python: of the virtual environment in Pulumi.yaml's options, else this one."""
    virtualenv = dict(info.options).get("virtualenv")
    if virtualenv:
        python = Path(info.root_directory) / virtualenv / "bin" / "python"
        if python.exists():
            return str(python)
    return sys.executable


class LanguageHost(LanguageRuntimeServicer):
    """The LanguageRuntime service: runs Python programs and plugins for the engine."""

    def __init__(self, engine_address: str) -> None:
        self._engine_address = engine_address
        self._children: set[subprocess.Popen[bytes]] = set()

    def Handshake(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Take the engine's address where it was not an argument."""
        self._engine_address = request.engine_address or self._engine_address
        return language_pb2.LanguageHandshakeResponse()

    def GetPluginInfo(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Return no version: the SDK's decides."""
        return plugin_pb2.PluginInfo()

    def GetRequiredPlugins(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Return none: providers are attached, or resolved from the resources' own versions."""
        return language_pb2.GetRequiredPluginsResponse()

    def GetRequiredPackages(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Return none, as :meth:`GetRequiredPlugins` does."""
        return language_pb2.GetRequiredPackagesResponse()

    def RuntimeOptionsPrompts(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Return no prompts for a new project."""
        return language_pb2.RuntimeOptionsResponse()

    def GetProgramDependencies(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Return none: requirements.txt lists them."""
        return language_pb2.GetProgramDependenciesResponse()

    def InstallDependencies(self, request: Any, context: grpc.ServicerContext) -> Iterator[Any]:
        """Install nothing: ``make setup`` installs the locked dependencies."""
        yield language_pb2.InstallDependenciesResponse(stdout=b"`make setup` installs the locked dependencies\n")

    def About(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Return the interpreter, for ``pulumi about``."""
        version = ".".join(map(str, sys.version_info[:3]))
        return language_pb2.AboutResponse(executable=interpreter(request.info), version=version)

    def Run(self, request: Any, context: grpc.ServicerContext) -> Any:
        """Run a program in a new process and return its result."""
        request.args[:] = [self._engine_address]
        reading, writing = os.pipe()
        environment = os.environ | {"FIREDRILL_PROGRAM_ROOT": request.info.root_directory}
        child = subprocess.Popen(
            [interpreter(request.info), "-u", str(Path(__file__).with_name("program.py")), str(writing)],
            stdin=subprocess.PIPE,
            pass_fds=[writing],
            cwd=request.pwd,
            env=environment,
        )
        os.close(writing)
        self._children.add(child)
        try:
            child.communicate(request.SerializeToString())
            with os.fdopen(reading, "rb") as pipe:
                response = pipe.read()
        finally:
            self._children.discard(child)
        if child.returncode != 0:
            return language_pb2.RunResponse(error=f"the program ended with exit code {child.returncode}")
        result = language_pb2.RunResponse()
        result.ParseFromString(response)
        return result

    def RunPlugin(self, request: Any, context: grpc.ServicerContext) -> Iterator[Any]:
        """Start a policy pack or a dynamic provider and stream its output until it ends."""
        info = request.info
        analyzer = request.kind == "analyzer"
        command = [interpreter(info), "-u"]
        command += ["-m", "pulumi.policy", *request.args, info.program_directory] if analyzer else []
        command += [] if analyzer else [info.program_directory, *request.args]
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=info.program_directory if analyzer else request.pwd,
            env=dict(pair.split("=", 1) for pair in request.env) or None,
        )
        self._children.add(child)
        context.add_callback(child.terminate)
        try:
            yield from _output(child)
            yield language_pb2.RunPluginResponse(exitcode=child.wait())
        finally:
            self._children.discard(child)

    def Cancel(self, request: Any, context: grpc.ServicerContext) -> Any:
        """End every child process."""
        self.end_children()
        return empty_pb2.Empty()

    def end_children(self) -> None:
        """Ask every child process to end."""
        for child in list(self._children):
            with contextlib.suppress(ProcessLookupError):
                child.terminate()


def _output(child: subprocess.Popen[bytes]) -> Iterator[Any]:
    """Yield the lines of a process's standard output and error as they come."""
    lines: queue.Queue[Any] = queue.Queue()

    def read(stream: IO[bytes], name: str) -> None:
        for line in stream:
            lines.put(
                language_pb2.RunPluginResponse(stdout=line)
                if name == "stdout"
                else language_pb2.RunPluginResponse(stderr=line)
            )
        lines.put(None)

    assert child.stdout is not None and child.stderr is not None
    for stream, name in ((child.stdout, "stdout"), (child.stderr, "stderr")):
        threading.Thread(target=read, args=(stream, name), daemon=True).start()
    open_streams = 2
    while open_streams:
        line = lines.get()
        if line is None:
            open_streams -= 1
        else:
            yield line


def main() -> None:
    """Serve until the engine ends this process."""
    positional = [argument for argument in sys.argv[1:] if not argument.startswith("-")]
    host = LanguageHost(positional[-1] if positional else "")
    server = grpc.server(
        ThreadPoolExecutor(max_workers=16),
        options=[("grpc.max_receive_message_length", MESSAGE_LIMIT), ("grpc.max_send_message_length", MESSAGE_LIMIT)],
    )
    add_LanguageRuntimeServicer_to_server(host, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: _stop(host))
    engine = os.getppid()
    while os.getppid() == engine:  # an engine that was killed does not end its plugins
        time.sleep(0.5)
    _stop(host)


def _stop(host: LanguageHost) -> NoReturn:
    """End the child processes and this process, without waiting for its threads."""
    host.end_children()
    os._exit(0)


if __name__ == "__main__":
    main()
