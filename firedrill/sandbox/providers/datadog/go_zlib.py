"""zlib streams byte for byte as Go's ``compress/zlib`` writes them at its default level.

The published provider is a Go program, and puts compressed files into the bodies of requests. Python's zlib finds
other matches (of three bytes too) and ends otherwise; any inflater reads both. https://pkg.go.dev/compress/flate
"""

import zlib
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import groupby

MIN_MATCH, MAX_MATCH, WINDOW = 4, 258, 1 << 15
GOOD, LAZY, NICE, CHAIN = 8, 16, 128, 128
"""Of level 6."""
BLOCK_TOKENS = 1 << 14
END = 256
LENGTHS = [3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227,
           258]  # fmt: skip
OFFSETS = [1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097,
           6145, 8193, 12289, 16385, 24577]  # fmt: skip
ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]
EXTRA = {16: 2, 17: 3, 18: 7}
FIXED = [8] * 144 + [9] * 112 + [7] * 24 + [8] * 8

Token = int | tuple[int, int]
"""A byte, or a match: length and offset."""
Codes = dict[int, tuple[int, int]]
"""By symbol: the code, and how many bits it has."""


class Bits:
    """Bits, the lowest first."""

    def __init__(self) -> None:
        self._done = bytearray()
        self._value = self._count = 0

    def add(self, value: int, count: int) -> None:
        """Append ``count`` bits."""
        self._value |= value << self._count
        self._count += count
        whole, self._count = divmod(self._count, 8)
        self._done += (self._value & ((1 << 8 * whole) - 1)).to_bytes(whole, "little")
        self._value >>= 8 * whole

    def code(self, code: tuple[int, int]) -> None:
        """Append a Huffman code, whose highest bit comes first."""
        self.add(int(f"{code[0]:0{code[1]}b}"[::-1], 2), code[1])

    def align(self) -> None:
        """Go on at a byte."""
        if self._count:
            self.add(0, 8 - self._count)

    def content(self) -> bytes:
        """All bits, as far as they fill bytes."""
        return bytes(self._done)


def compress(data: bytes) -> bytes:
    """The stream."""
    bits, written = Bits(), 0
    tokens: list[Token] = []
    for token in _tokens(data):
        tokens.append(token)
        if len(tokens) == BLOCK_TOKENS:
            written += _block(bits, tokens, data[written:])
            tokens = []
    if tokens:
        _block(bits, tokens, data[written:])
    _stored(bits, b"", final=True)
    return b"\x78\x9c" + bits.content() + zlib.adler32(data).to_bytes(4, "big")


def _tokens(data: bytes) -> Iterator[Token]:
    """Bytes and matches, each match only if the next byte has no longer one."""
    places: dict[bytes, list[int]] = defaultdict(list)

    def insert(at: int) -> None:
        if at + MIN_MATCH <= len(data):
            places[data[at : at + MIN_MATCH]].append(at)

    at, length, offset, waiting = 0, MIN_MATCH - 1, 0, False
    while at < len(data):
        candidates = places.get(data[at : at + MIN_MATCH], [])
        before, before_offset, length, offset = length, offset, MIN_MATCH - 1, 0
        if candidates and len(data) - at > before and before < LAZY:
            length, offset = _longest(data, at, candidates)
        insert(at)
        if before >= MIN_MATCH and length <= before:
            yield before, before_offset
            for place in range(at + 1, at + before - 1):
                insert(place)
            at, length, waiting = at + before - 1, MIN_MATCH - 1, False
        else:
            if waiting:
                yield data[at - 1]
            at, waiting = at + 1, True
    if waiting:
        yield data[at - 1]


def _longest(data: bytes, at: int, candidates: list[int]) -> tuple[int, int]:
    """Length and offset of the longest match, the nearest of equals; (3, 0) when there is none."""
    length, offset, most = MIN_MATCH - 1, 0, min(MAX_MATCH, len(data) - at)
    for place in candidates[: -CHAIN - 1 : -1]:
        if place < at - WINDOW:
            break
        same = 0
        while same < most and data[place + same] == data[at + same]:
            same += 1
        if same > length and (same > MIN_MATCH or at - place <= 4096):
            length, offset = same, at - place
            if same >= min(NICE, most):
                break
    return length, offset


def _block(bits: Bits, tokens: list[Token], rest: bytes) -> int:
    """Write a block in the shortest of three forms; how many bytes of ``rest`` it stands for."""
    parts = [_symbols(token) for token in tokens]
    literals = Counter([END, *(part[0] for part in parts)])
    offsets = Counter(part[2] for part in parts if part[2] is not None) or Counter([0])
    taken = sum(1 if isinstance(token, int) else token[0] for token in tokens)
    extra = sum(_extra(LENGTHS, part[0] - 257) + _extra(OFFSETS, part[2]) for part in parts if part[2] is not None)
    fixed = 3 + sum(FIXED[one] * count for one, count in literals.items()) + extra
    fixed += 5 * sum(count for one, count in offsets.items())
    codes, places = _codes(literals, 15), _codes(offsets, 15)
    lengths = [codes.get(one, (0, 0))[1] for one in range(max(257, max(literals) + 1))]
    lengths_of_both = [*lengths, *(places.get(one, (0, 0))[1] for one in range(max(offsets) + 1))]
    runs = list(_runs(lengths_of_both))
    kinds = Counter(kind for kind, _ in runs)
    header = _codes(kinds, 7)
    count = next(n for n in range(19, 3, -1) if n == 4 or kinds[ORDER[n - 1]])
    dynamic = 17 + 3 * count + _size(header, kinds) + sum(EXTRA.get(kind, 0) for kind, _ in runs)
    dynamic += _size(codes, literals) + _size(places, offsets) + extra
    if taken <= 65535 and (taken + 5) * 8 < min(fixed, dynamic):
        _stored(bits, rest[:taken])
        return taken
    if dynamic < fixed:
        bits.add(4, 3)
        for value, width in ((len(lengths) - 257, 5), (max(offsets), 5), (count - 4, 4)):
            bits.add(value, width)
        for kind in ORDER[:count]:
            bits.add(header.get(kind, (0, 0))[1], 3)
        for kind, value in runs:
            bits.code(header[kind])
            bits.add(value, EXTRA.get(kind, 0))
    else:
        bits.add(2, 3)
        codes, places = _canonical(dict(enumerate(FIXED))), {one: (one, 5) for one in range(30)}
    for symbol, length, place, offset in parts:
        bits.code(codes[symbol])
        if place is not None:
            bits.add(length, _extra(LENGTHS, symbol - 257))
            bits.code(places[place])
            bits.add(offset, _extra(OFFSETS, place))
    bits.code(codes[END])
    return taken


def _stored(bits: Bits, content: bytes, *, final: bool = False) -> None:
    bits.add(int(final), 3)
    bits.align()
    bits.add(len(content), 16)
    bits.add(len(content) ^ 0xFFFF, 16)
    for one in content:
        bits.add(one, 8)


def _symbols(token: Token) -> tuple[int, int, int | None, int]:
    """Symbol, extra value, offset's symbol and its extra value."""
    if isinstance(token, int):
        return token, 0, None, 0
    length, offset = token
    one, other = bisect_right(LENGTHS, length) - 1, bisect_right(OFFSETS, offset) - 1
    return 257 + one, length - LENGTHS[one], other, offset - OFFSETS[other]


def _extra(table: list[int], place: int) -> int:
    """How many extra bits a symbol of the table has."""
    if table is LENGTHS:
        return 0 if place < 8 or place == 28 else (place - 4) // 4
    return 0 if place < 4 else (place - 2) // 2


def _size(codes: Codes, counts: Counter[int]) -> int:
    return sum(codes[one][1] * count for one, count in counts.items())


def _runs(lengths: list[int]) -> Iterator[tuple[int, int]]:
    """Lengths and repetitions: a symbol of the header's code, and its extra value."""
    for length, same in groupby(lengths):
        count = len(list(same))
        if length:
            yield length, 0
            count -= 1
            while count >= 3:
                yield 16, min(count, 6) - 3
                count -= min(count, 6)
        while length == 0 and count >= 11:
            yield 18, min(count, 138) - 11
            count -= min(count, 138)
        if length == 0 and count >= 3:
            yield 17, count - 3
            count = 0
        yield from [(length, 0)] * count


def _codes(counts: Counter[int], longest: int) -> Codes:
    """Huffman's, no code longer than ``longest``: by package-merge, packages before single symbols of equal weight."""
    symbols = sorted(counts, key=lambda one: (counts[one], one))
    if len(symbols) <= 2:
        return {one: (number, 1) for number, one in enumerate(sorted(symbols))}
    leaves: list[tuple[int, tuple[int, ...]]] = [(counts[one], (one,)) for one in symbols]
    level = leaves
    for _ in range(longest - 1):
        pairs = [(a[0] + b[0], a[1] + b[1]) for a, b in zip(level[::2], level[1::2], strict=False)]
        level = sorted([*pairs, *leaves], key=lambda one: one[0])
    depths = Counter(one for _, held in level[: 2 * len(leaves) - 2] for one in held)
    # How many codes of each length there are is what counts: the rarest symbols have the longest ones.
    return _canonical(dict(zip(symbols, sorted(depths.values(), reverse=True), strict=True)))


def _canonical(lengths: dict[int, int]) -> Codes:
    code, codes = 0, Codes()
    for length in range(1, max(lengths.values()) + 1):
        code <<= 1
        for symbol in sorted(one for one, own in lengths.items() if own == length):
            codes[symbol] = (code, length)
            code += 1
    return codes
