"""Pulumi's provider protocol over gRPC, for providers that are tables of resource kinds.

To write a provider, build a `TableProvider` from two mappings, resource tokens to `ResourceKind` and function tokens to
`ProviderFunction`, and pass it to `serve`. A kind implements `create`, `read`, `update` and `delete`, and overrides
`check` and `diff` where the defaults do not fit. Values are plain Python: no protobuf, no secrets (the engine tracks
those of inputs; wrap a secret output in `values.Secret`), and `values.UNKNOWN` for what a preview cannot know.

    class Bucket(ResourceKind):
        replace_on = frozenset({"name", "location"})

        def create(self, call, inputs):
            if call.preview:
                return "", {**inputs, "selfLink": UNKNOWN}      # only a preview's inputs contain UNKNOWN
            answer = api.post("/storage/v1/b", inputs)
            return answer["name"], {**inputs, "selfLink": answer["selfLink"]}

        def read(self, call, id, inputs, state): ...            # None when it is gone; inputs {} on import
        def update(self, call, id, old_inputs, old_state, inputs): ...
        def delete(self, call, id, inputs, state): ...          # a missing resource is not an error

    serve(TableProvider("gcp", "10.2.0", {"gcp:storage/bucket:Bucket": Bucket()}, {}, configure), port)

Drift: `read` returns inputs in the program's vocabulary, with the actual values; the engine compares them by `diff`.
Errors: raise `ProviderError` with the reason in one line; the resource's type and name are prepended.
Calls come from several threads at once.
"""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import ClassVar

import grpc
from google.protobuf import any_pb2, empty_pb2

# Google's module and not Pulumi's copy of it: one process cannot load both, and Google's own clients bring this one.
from google.rpc import status_pb2  # type: ignore[import-untyped] # it has no types
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from firedrill.provider.resource import PartialFailure, ProviderError, ResourceCall, TableProvider
from firedrill.provider.values import Properties
from firedrill.sandbox.providers.properties import from_struct, to_struct

MESSAGE_LIMIT = 400 * 1024 * 1024
"""Bytes, the engine's own limit: gRPC's default of 4 MiB is less than a large dashboard."""
_DIFF_KINDS = provider_pb2.PropertyDiff.Kind


class _Servicer(provider_pb2_grpc.ResourceProviderServicer):
    """Translates the engine's messages into calls of a `TableProvider`."""

    _CHANGES: ClassVar = {
        ("add", False): _DIFF_KINDS.ADD,
        ("add", True): _DIFF_KINDS.ADD_REPLACE,
        ("delete", False): _DIFF_KINDS.DELETE,
        ("delete", True): _DIFF_KINDS.DELETE_REPLACE,
        ("update", False): _DIFF_KINDS.UPDATE,
        ("update", True): _DIFF_KINDS.UPDATE_REPLACE,
    }

    def __init__(self, provider: TableProvider) -> None:
        self._provider = provider

    def Attach(self, request: plugin_pb2.PluginAttach, context: grpc.ServicerContext) -> empty_pb2.Empty:
        return empty_pb2.Empty()

    def Handshake(
        self, request: provider_pb2.ProviderHandshakeRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ProviderHandshakeResponse:
        context.abort(grpc.StatusCode.UNIMPLEMENTED, "no handshake: configured by Configure")

    def GetPluginInfo(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> plugin_pb2.PluginInfo:
        return plugin_pb2.PluginInfo(version=self._provider.version)

    def GetSchema(
        self, request: provider_pb2.GetSchemaRequest, context: grpc.ServicerContext
    ) -> provider_pb2.GetSchemaResponse:
        schema = {"name": self._provider.name, "version": self._provider.version, "resources": {}, "functions": {}}
        return provider_pb2.GetSchemaResponse(schema=json.dumps(schema))

    def Cancel(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> empty_pb2.Empty:
        return empty_pb2.Empty()

    def CheckConfig(
        self, request: provider_pb2.CheckRequest, context: grpc.ServicerContext
    ) -> provider_pb2.CheckResponse:
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: provider_pb2.DiffRequest, context: grpc.ServicerContext) -> provider_pb2.DiffResponse:
        return provider_pb2.DiffResponse(changes=provider_pb2.DiffResponse.DIFF_NONE)

    def Configure(
        self, request: provider_pb2.ConfigureRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ConfigureResponse:
        try:
            self._provider.configure(from_struct(request.args))
        except ProviderError as error:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))
        # Without acceptSecrets the engine marks outputs as secret after the inputs of the same name.
        return provider_pb2.ConfigureResponse(supportsPreview=True)

    def Invoke(self, request: provider_pb2.InvokeRequest, context: grpc.ServicerContext) -> provider_pb2.InvokeResponse:
        try:
            result = self._provider.function(request.tok)(from_struct(request.args))
        except ProviderError as error:
            context.abort(grpc.StatusCode.UNKNOWN, f"{request.tok}: {error}")
        response = provider_pb2.InvokeResponse()
        getattr(response, "return").CopyFrom(to_struct(result))  # a keyword of Python's
        return response

    def Check(self, request: provider_pb2.CheckRequest, context: grpc.ServicerContext) -> provider_pb2.CheckResponse:
        call = ResourceCall(request.urn, preview=True)
        try:
            news, olds = from_struct(request.news), from_struct(request.olds)
            inputs, failures = self._provider.kind(call).check(call, news, olds)
        except ProviderError as error:
            _fail(context, call, error)
        return provider_pb2.CheckResponse(
            inputs=to_struct(inputs),
            failures=[provider_pb2.CheckFailure(property=f.property, reason=f.reason) for f in failures],
        )

    def Diff(self, request: provider_pb2.DiffRequest, context: grpc.ServicerContext) -> provider_pb2.DiffResponse:
        call = ResourceCall(request.urn, preview=True)
        state, news = from_struct(request.olds), from_struct(request.news)
        old_inputs = from_struct(request.old_inputs) if request.HasField("old_inputs") else state
        try:
            difference = self._provider.kind(call).diff(call, request.id, old_inputs, state, news)
        except ProviderError as error:
            _fail(context, call, error)
        detailed = {
            path: provider_pb2.PropertyDiff(kind=self._CHANGES[change, path in difference.replaces], inputDiff=True)
            for path, change in difference.changes.items()
        }
        return provider_pb2.DiffResponse(
            changes=provider_pb2.DiffResponse.DIFF_SOME if difference.changes else provider_pb2.DiffResponse.DIFF_NONE,
            diffs=sorted({path.split(".")[0].split("[")[0] for path in difference.changes}),
            replaces=sorted({path.split(".")[0].split("[")[0] for path in difference.replaces}),
            deleteBeforeReplace=bool(difference.replaces) and difference.delete_before_replace,
            detailedDiff=detailed if difference.detailed else {},
            hasDetailedDiff=difference.detailed,
        )

    def Create(self, request: provider_pb2.CreateRequest, context: grpc.ServicerContext) -> provider_pb2.CreateResponse:
        call = ResourceCall(request.urn, request.preview)
        inputs = from_struct(request.properties)
        try:
            id, state = self._provider.kind(call).create(call, inputs)
        except ProviderError as error:
            _fail(context, call, error, inputs)
        return provider_pb2.CreateResponse(id=id, properties=to_struct(state))

    def Read(self, request: provider_pb2.ReadRequest, context: grpc.ServicerContext) -> provider_pb2.ReadResponse:
        call = ResourceCall(request.urn)
        try:
            inputs, state = from_struct(request.inputs), from_struct(request.properties)
            kind = self._provider.kind(call)
            resource = kind.read(call, request.id, inputs, state)
        except ProviderError as error:
            _fail(context, call, error)
        if resource is None:
            return provider_pb2.ReadResponse()
        id = kind.imported_id(request.id)
        return provider_pb2.ReadResponse(id=id, inputs=to_struct(resource[0]), properties=to_struct(resource[1]))

    def Update(self, request: provider_pb2.UpdateRequest, context: grpc.ServicerContext) -> provider_pb2.UpdateResponse:
        call = ResourceCall(request.urn, request.preview)
        olds, news, state = from_struct(request.old_inputs), from_struct(request.news), from_struct(request.olds)
        try:
            state = self._provider.kind(call).update(call, request.id, olds, state, news)
        except ProviderError as error:
            _fail(context, call, error, news)
        return provider_pb2.UpdateResponse(properties=to_struct(state))

    def Delete(self, request: provider_pb2.DeleteRequest, context: grpc.ServicerContext) -> empty_pb2.Empty:
        call = ResourceCall(request.urn)
        try:
            inputs, state = from_struct(request.old_inputs), from_struct(request.properties)
            self._provider.kind(call).delete(call, request.id, inputs, state)
        except ProviderError as error:
            _fail(context, call, error)
        return empty_pb2.Empty()


def _fail(
    context: grpc.ServicerContext, call: ResourceCall, error: ProviderError, inputs: Properties | None = None
) -> None:
    """End the call with an error, and report a partly created resource so that the engine keeps it in its state."""
    message = f"{call}: {error}"
    if isinstance(error, PartialFailure):
        detail = any_pb2.Any()
        failed = provider_pb2.ErrorResourceInitFailed(
            id=error.id, properties=to_struct(error.state), reasons=[message], inputs=to_struct(inputs or {})
        )
        detail.Pack(failed)
        status = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=message, details=[detail])
        context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
    context.abort(grpc.StatusCode.UNKNOWN, message)


def serve(provider: TableProvider, port: int = 0, host: str = "127.0.0.1") -> tuple[grpc.Server, int]:
    """Start serving and return the server and its port. Port 0 takes a free one.

    Raises:
        ProviderError: the port is taken.
    """
    limits = [("grpc.max_receive_message_length", MESSAGE_LIMIT), ("grpc.max_send_message_length", MESSAGE_LIMIT)]
    # With SO_REUSEPORT a second server on the same port would take some of the calls instead of failing.
    server = grpc.server(ThreadPoolExecutor(max_workers=32), options=[*limits, ("grpc.so_reuseport", 0)])
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(_Servicer(provider), server)
    try:
        bound = server.add_insecure_port(f"{host}:{port}")
    except RuntimeError as error:
        raise ProviderError(f"port {port} is taken: the {provider.name} provider cannot listen on it") from error
    server.start()
    return server, bound


def wait_for_termination(servers: list[grpc.Server], stop: threading.Event) -> None:
    """Serve until `stop` is set, then give running calls up to 5 s to finish."""
    stop.wait()
    for stopped in [server.stop(grace=5) for server in servers]:
        stopped.wait()
