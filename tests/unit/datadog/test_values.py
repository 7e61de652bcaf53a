"""Property values cross the wire unchanged."""

import pytest
from google.protobuf import struct_pb2

from firedrill.provider.difference import difference
from firedrill.provider.values import UNKNOWN, Secret, contains_unknown, without_unknown
from firedrill.sandbox.providers.properties import from_struct, to_struct

SIGNATURE = "4dabf18193072939515e22adb298388d"


def test_values_come_back_as_they_went() -> None:
    properties = {"text": "a", "flag": False, "whole": 3, "part": 0.5, "list": [1, {"x": "y"}], "object": {"a": []}}

    assert from_struct(to_struct(properties)) == properties


def test_an_absent_property_and_a_null_are_the_same() -> None:
    assert from_struct(to_struct({"a": None, "b": 1})) == {"b": 1}


def test_unknown_stays_unknown() -> None:
    back = from_struct(to_struct({"a": {"b": [UNKNOWN]}}))

    assert back["a"]["b"][0] is UNKNOWN
    assert contains_unknown(back)
    assert without_unknown(back) == {"a": {"b": []}}


def test_a_secret_is_marked_for_the_engine_and_plain_for_us() -> None:
    struct = to_struct({"key": Secret("hush")})

    assert struct.fields["key"].struct_value.fields[SIGNATURE].string_value == "1b47061264138c4ac30d75fd1eb44270"
    assert from_struct(struct) == {"key": "hush"}


def test_an_output_without_a_value_is_unknown() -> None:
    struct = struct_pb2.Struct()
    struct.update({"id": {SIGNATURE: "d0e6a833031e9bbcd3f4e8bde6ca49a4"}})

    assert from_struct(struct)["id"] is UNKNOWN


@pytest.mark.parametrize(
    ("old", "new", "changes"),
    [
        ({"a": 1}, {"a": 1.0}, {}),
        ({"a": 1}, {"a": True}, {"a": "update"}),
        ({"a": {"b": [1, 2]}}, {"a": {"b": [1, 3, 4]}}, {"a.b[1]": "update", "a.b[2]": "add"}),
        ({"a": {"x.y": 1}}, {"a": {}}, {'a["x.y"]': "delete"}),
        ({}, {"a": "b"}, {"a": "add"}),
    ],
)
def test_a_difference_names_the_path(old: dict[str, object], new: dict[str, object], changes: dict[str, str]) -> None:
    assert difference(old, new).changes == changes


def test_a_change_below_a_fixed_property_replaces() -> None:
    result = difference({"a": {"b": 1}, "c": 1}, {"a": {"b": 2}, "c": 2}, replace_on={"a"}, delete_before_replace=True)

    assert result.replaces == {"a.b"}
    assert result.delete_before_replace
