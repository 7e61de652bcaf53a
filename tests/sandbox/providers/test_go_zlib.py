"""What Go's zlib would write, which any inflater reads; the recorded requests (test_wire) have its bytes."""

import random
import zlib

import pytest

from firedrill.sandbox.providers.datadog import go_zlib

RANDOM = random.Random(20261128)
TEXTS = {
    "nothing": b"",
    "a byte": b"a",
    "few bytes": b"abc",
    "one byte often": b"a" * 5000,
    "noise": RANDOM.randbytes(3000),
    "few letters": bytes(RANDOM.choices(b"abc \n", k=5000)),
    "a file": b"message Foo {\n  string bar = 1;\n}\n" * 200,
    "more than a block": bytes(RANDOM.choices(range(256), k=17_000)),
    "far back": (far := RANDOM.randbytes(300)) + RANDOM.randbytes(5000) + far,
}


@pytest.mark.parametrize("name", TEXTS)
def test_an_inflater_reads_it(name: str) -> None:
    packed = go_zlib.compress(TEXTS[name])
    assert zlib.decompress(packed) == TEXTS[name]
    assert len(packed) <= len(zlib.compress(TEXTS[name], 0)) + 20


def test_it_ends_with_an_empty_block_as_gos_does() -> None:
    assert go_zlib.compress(b"").hex() == "789c010000ffff00000001"
