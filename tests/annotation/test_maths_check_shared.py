"""What the check of a file says of mathematics, beside KaTeX itself with the page's options, on all of MATH."""

import json
import subprocess
from pathlib import Path

import pytest

from annotation.services import maths_check
from tests.labeling_ui.test_javascript import node
from tests.shared_data import shared_lines

READS = Path(__file__).with_name("katex_reads.mjs")


@pytest.mark.slow
@pytest.mark.shared_data
def test_exactly_the_texts_of_math_that_katex_cannot_read_are_told():
    problems = map(json.loads, shared_lines("math/MATH_12500.jsonl"))
    texts = [problem[key] for problem in problems for key in ("problem", "solution")]

    lines = "\n".join(map(json.dumps, texts))
    unread = subprocess.run([node(), READS], input=lines, capture_output=True, text=True, check=True).stdout
    told = [number for number, text in enumerate(texts) if any(maths_check.faults(text))]

    assert (len(texts), len(told)) == (17_540, 120)
    assert told == [int(number) for number in unread.split()]
