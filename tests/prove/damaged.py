"""Files as strangers send them: sound lines of every layout, and what can become of a line and of a whole file."""

import gzip
import json

from annotation.services import import_layouts
from tests.annotation.test_importing_hostile import DAMAGES, QUESTION, SAMPLES, parent_of, places
from tests.annotation.test_importing_labels import PHASE_2, STEPS, line, option, step
from tests.annotation.test_importing_problems import math_line

PHASE_1 = [step(option(STEPS[0], 1), option("Hm.", 0)), step(option(STEPS[1], -1), chosen=None)]
ASKED = json.loads(line(steps=PHASE_2))["question"]
SCORED = {"unique_id": "train/prealgebra/1.json", "problem": "What is 1 + 1?", "steps": STEPS, "prm_score": 0.5}


def written(*values):
    return [json.dumps(value).encode() for value in values]


SOUND = {
    "PRM800K": [line(steps=PHASE_2), line(steps=PHASE_1, phase=1)],
    "PRM800K without labels": written({"question": ASKED}),
    "ProcessBench": written(QUESTION | {"problem": "What is 1 + 1?", "steps": STEPS, "final_answer_correct": False, "label": 1}),
    "scored samples": written(SCORED | {"answer": "3", "ground_truth_answer": "2", "is_correct": False}),
    "steps": written(SAMPLES[0], SAMPLES[0] | {"critiques": [{"step": 0, "text": "Why?"}], "complete": True}),
    "samples in a list": written(SAMPLES[2]),
    "model solutions": written(SAMPLES[1]),
    "sample": written(QUESTION | {"solution": "One.\nA: 2", "generator": "toy", "temperature": 0.7, "seed": 3}),
    "MATH": [math_line(1), math_line(2, level="Level 3", type="Algebra", subject="absent")],
    "GSM8K": written({"question": "What is 1 + 1?", "answer": "One and one.\n#### 2"}),
}  # fmt: skip
assert set(SOUND) == {layout.name for layout in import_layouts.LAYOUTS}


def _no_number(raw, luck):
    body = json.loads(raw)
    path = luck.choice(list(places(body)))
    parent_of(body, path)[path[-1]] = luck.choice([float("nan"), float("inf"), 10**400, {"a": {"a": {"a": 1}, "b": 1}}])
    return json.dumps(body).replace('"b"', '"a"').encode()


LINE_DAMAGES = [*DAMAGES, _no_number]


def _flipped_gzip(file, luck):
    packed = bytearray(gzip.compress(file))
    packed[luck.randrange(len(packed))] ^= 1 << luck.randrange(8)
    return bytes(packed)


def _cut_gzip(file, luck):
    packed = gzip.compress(file)
    return packed[: luck.randrange(2, len(packed))]


def _nested(file, luck):
    return file + b"\n" + luck.choice([b"[", b'{"a":']) * luck.choice([100, 3000, 100_000])


def _encoded(name):
    return lambda file, _luck: file.decode("utf-8", "replace").encode(name, "surrogatepass")


# What happens to a file as a whole. Most are as their lines are.
FILE_DAMAGES = [
    *[lambda file, _: file] * 20,
    *[lambda file, _: gzip.compress(file)] * 4,
    lambda file, _: b"\xef\xbb\xbf" + file,
    lambda file, _: file.replace(b"\n", b"\r\n"),
    lambda file, _: file.replace(b"\n", b"\r"),
    lambda file, _: file.replace(b"One", "One\u2028\u0085two".encode()),
    lambda file, luck: file[: luck.randrange(len(file) + 1)],
    lambda file, _: file + file,
    lambda file, _: b"[" + file.replace(b"\n", b",") + b"]",
    lambda file, _: file + b"\n\n \n\t\n",
    lambda file, _: gzip.compress(file) + gzip.compress(file),
    lambda file, _: gzip.compress(file) + b"rest",
    lambda file, luck: file + b"\n" + bytes(luck.randrange(256) for _ in range(300)),
    lambda file, luck: file + b"\n" + b"9" * luck.choice([5000, (1 << 20) + 1]),
    _encoded("utf-16"),
    _encoded("utf-32-be"),
    _nested,
    _flipped_gzip,
    _cut_gzip,
]  # fmt: skip


def damaged_file(luck):
    """A short file, mostly of one layout, of whose lines some were damaged and some not; and perhaps the file itself."""
    sound = SOUND[luck.choice(list(SOUND))]
    lines = [luck.choice(sound) for _ in range(luck.randrange(1, 9))]
    if luck.random() < 0.1:
        lines.append(luck.choice(SOUND[luck.choice(list(SOUND))]))
    damaged = [luck.choice(LINE_DAMAGES)(one, luck) if luck.random() < 0.6 else one for one in lines]
    return luck.choice(FILE_DAMAGES)(b"\n".join(damaged), luck)
