"""Conversion of property values between the engine's messages (protobuf `Struct`) and Python."""

from collections.abc import Mapping
from typing import Final

from google.protobuf import struct_pb2

from firedrill.provider.values import UNKNOWN, Properties, Secret, Value

_SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
_SECRET: Final = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 the protocol's marker of a secret, not one
_OUTPUT: Final = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
_RESOURCE: Final = "5cf8f73096256a8f31e491e813e4eb8e"
_UNKNOWN_TEXT: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
_UNKNOWN_TEXTS: Final = frozenset(
    {
        _UNKNOWN_TEXT,
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",  # bool
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",  # number
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",  # array
        "030794c1-ac77-496b-92df-f27374a8bd58",  # asset
        "e48ece36-62e2-4504-bad9-02848725956a",  # archive
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",  # object
    }
)


def from_struct(struct: struct_pb2.Struct) -> Properties:
    """Return a message's properties as Python values, without nulls: they mean the same as absent properties."""
    fields = {key: _from_value(value) for key, value in struct.fields.items()}
    return {key: value for key, value in fields.items() if value is not None}


def to_struct(properties: Mapping[str, Value]) -> struct_pb2.Struct:
    """Return properties as a protobuf message."""
    return struct_pb2.Struct(fields={key: _to_value(value) for key, value in properties.items()})


def _from_value(value: struct_pb2.Value) -> Value:
    match value.WhichOneof("kind"):
        case "bool_value":
            return value.bool_value
        case "number_value":
            number = value.number_value
            return int(number) if number.is_integer() and abs(number) < 2**53 else number
        case "string_value":
            return UNKNOWN if value.string_value in _UNKNOWN_TEXTS else value.string_value
        case "list_value":
            return [_from_value(item) for item in value.list_value.values]
        case "struct_value":
            return _from_fields(value.struct_value)
        case _:
            return None


def _from_fields(struct: struct_pb2.Struct) -> Value:
    if _SIGNATURE not in struct.fields:
        return from_struct(struct)
    signature = struct.fields[_SIGNATURE].string_value
    if signature in (_SECRET, _OUTPUT):
        return _from_value(struct.fields["value"]) if "value" in struct.fields else UNKNOWN
    if signature == _RESOURCE:
        return _from_value(struct.fields["id"]) if "id" in struct.fields else struct.fields["urn"].string_value
    return {key: _from_value(item) for key, item in struct.fields.items()}  # an asset or archive, unchanged


def _to_value(value: Value) -> struct_pb2.Value:
    if value is UNKNOWN:
        return struct_pb2.Value(string_value=_UNKNOWN_TEXT)
    match value:
        case None:
            return struct_pb2.Value(null_value=struct_pb2.NULL_VALUE)
        case bool():
            return struct_pb2.Value(bool_value=value)
        case int() | float():
            return struct_pb2.Value(number_value=value)
        case str():
            return struct_pb2.Value(string_value=value)
        case list() | tuple():
            return struct_pb2.Value(list_value=struct_pb2.ListValue(values=[_to_value(item) for item in value]))
        case dict():
            return struct_pb2.Value(struct_value=to_struct(value))
        case Secret():
            return struct_pb2.Value(struct_value=to_struct({_SIGNATURE: _SECRET, "value": value.value}))
    raise TypeError(f"a property cannot hold {type(value).__name__}")
