"""A provider that accepts every resource: only the engine and the policy pack decide."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
from google.protobuf import empty_pb2, json_format, struct_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

Inputs = dict[str, Any]
Check = Callable[[str, Inputs], Inputs]
"""What a provider makes of a resource's inputs, by the resource's token."""


def unchanged(token: str, inputs: Inputs) -> Inputs:
    """Return the inputs of the program."""
    return inputs


class Provider(provider_pb2_grpc.ResourceProviderServicer):
    """A provider that creates every resource as declared, after its ``check``."""

    def __init__(self, check: Check) -> None:
        self._check = check

    def Handshake(self, request: Any, context: Any) -> Any:
        """Accept the handshake."""
        return provider_pb2.ProviderHandshakeResponse()

    def Attach(self, request: Any, context: Any) -> Any:
        """Accept the engine; its address is not needed."""
        return empty_pb2.Empty()

    def GetPluginInfo(self, request: Any, context: Any) -> Any:
        """Return a version."""
        return plugin_pb2.PluginInfo(version="1.0.0")

    def CheckConfig(self, request: Any, context: Any) -> Any:
        """Return the inputs unchanged."""
        return provider_pb2.CheckResponse(inputs=request.news)

    def Configure(self, request: Any, context: Any) -> Any:
        """Accept the configuration, without support for secrets and previews."""
        return provider_pb2.ConfigureResponse()

    def Check(self, request: Any, context: Any) -> Any:
        """Return the inputs with what the provider adds."""
        token = request.urn.split("::")[2].rpartition("$")[2]
        checked = self._check(token, json_format.MessageToDict(request.news))
        return provider_pb2.CheckResponse(inputs=json_format.ParseDict(checked, struct_pb2.Struct()))

    def Create(self, request: Any, context: Any) -> Any:
        """Return the resource's name as its id, unknown in a preview."""
        name = "" if request.preview else request.urn.rpartition("::")[2]
        return provider_pb2.CreateResponse(id=name, properties=request.properties)

    def DiffConfig(self, request: Any, context: Any) -> Any:
        """Report no difference in the configuration."""
        return provider_pb2.DiffResponse(changes=provider_pb2.DiffResponse.DIFF_NONE)

    def Diff(self, request: Any, context: Any) -> Any:
        """Report a difference for every existing resource."""
        return provider_pb2.DiffResponse(changes=provider_pb2.DiffResponse.DIFF_SOME)

    def Update(self, request: Any, context: Any) -> Any:
        """Return the new inputs."""
        return provider_pb2.UpdateResponse(properties=request.news)

    def Delete(self, request: Any, context: Any) -> Any:
        """Accept the deletion."""
        return empty_pb2.Empty()

    def Cancel(self, request: Any, context: Any) -> Any:
        """Accept the cancellation; nothing runs."""
        return empty_pb2.Empty()


def serve(check: Check = unchanged) -> tuple[grpc.Server, int]:
    """Return a running server and its port."""
    server = grpc.server(ThreadPoolExecutor(max_workers=8))
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(Provider(check), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    return server, port
