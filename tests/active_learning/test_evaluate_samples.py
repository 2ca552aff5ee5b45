import json

import pytest

from active_learning.evaluate.samples import Sample, SampleError, orm_score, pad, prm_score, read_samples

# EV1: one of PRM800K's published scored samples (negative, positive, neutral), and the score published with it.
ORACLE = [
    (0.593068042770836, 0.387681464904673, 0.01925049232449113),
    (0.05710269249567796, 0.9101000509718192, 0.0327972565325028),
    (0.04241488752473914, 0.9291714977657496, 0.028413614709511318),
    (0.7507610598005641, 0.1384993425138924, 0.11073959768554346),
]
PUBLISHED = {
    "problem": "Simplify the following.",
    "answer": "7i - 2",
    "ground_truth_answer": "-2+7i",
    "is_correct": True,
    "subject": "Algebra",
    "level": 3,
    "unique_id": "test/algebra/1.json",
    "steps": ["a", "b", "c", "d"],
    "rating_probs": [{"-1": negative, "1": positive, "0": neutral} for negative, positive, neutral in ORACLE],
    "orm_score": 0.6326445937156677,
    "prm_score": 0.09157553704097245,
}


def write(tmp_path, *rows):
    path = tmp_path / "samples.jsonl"
    path.write_text("".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows))
    return path


@pytest.mark.parametrize(
    ("reduction", "neutral", "expected"),
    [
        ("product", "positive", 0.09157553704097245),
        ("product", "negative", 0.04540542735872218),
        ("minimum", "positive", 0.24923894019943588),
        ("minimum", "negative", 0.1384993425138924),
        ("geometric_mean", "positive", 0.09157553704097245**0.25),
        ("geometric_mean", "negative", 0.04540542735872218**0.25),
    ],
)
def test_a_published_sample_has_its_published_score(tmp_path, reduction, neutral, expected):
    # EV1, to 1e-12
    [[sample]] = read_samples(write(tmp_path, PUBLISHED))
    assert prm_score(sample, reduction, neutral) == pytest.approx(expected, abs=1e-12, rel=0)


def test_the_published_layout_is_read_as_it_is(tmp_path):
    [[sample]] = read_samples(write(tmp_path, PUBLISHED))
    assert sample.problem == "test/algebra/1.json"
    assert (sample.line, sample.answer, sample.is_correct) == (1, "7i - 2", True)
    assert (sample.subject, sample.level, orm_score(sample)) == ("Algebra", "3", 0.6326445937156677)
    assert sample.probabilities[0] == (0.593068042770836, 0.01925049232449113, 0.387681464904673)


def test_our_layout_needs_three_keys_and_takes_the_others(tmp_path):
    least = {"problem": "p", "answer": "1", "is_correct": False}
    most = {
        "problem": "q",
        "answer": "2",
        "is_correct": True,
        "steps": ["s"],
        "probabilities": [[0.25, 0.25, 0.5]],
        "orm_score": 1,
        "subject": "s",
        "level": "Level 3",
        "source": "AMC",
        "generator": "7B",
    }
    [[one], [other]] = read_samples(write(tmp_path, least, most))
    assert one == Sample(1, "p", "1", False)
    assert other == Sample(2, "q", "2", True, ((0.25, 0.25, 0.5),), None, 1.0, "s", "Level 3", "AMC", "7B")


def test_samples_of_a_problem_come_together_and_empty_lines_count_as_lines(tmp_path):
    rows = [{"problem": name, "answer": "1", "is_correct": False} for name in "pqp"]
    found = read_samples(write(tmp_path, rows[0], "", *rows[1:]))
    assert [[sample.line for sample in pool] for pool in found] == [[1, 4], [3]]


@pytest.mark.parametrize("answer", [None, "", "  "])
def test_a_sample_without_an_answer_has_no_score(tmp_path, answer):
    [[sample]] = read_samples(write(tmp_path, {**PUBLISHED, "answer": answer}))
    assert sample.answer is None
    assert (prm_score(sample, "product", "positive"), orm_score(sample)) == (None, None)


def test_a_score_alone_does_where_there_are_no_probabilities(tmp_path):
    row = {"problem": "p", "answer": "1", "is_correct": True, "prm_score": 3.5}
    [[alone, empty, neither]] = read_samples(
        write(tmp_path, row, {**row, "probabilities": []}, {**row, "prm_score": None, "probabilities": None})
    )
    assert [prm_score(one, "product", "positive") for one in (alone, empty, neither)] == [3.5, 3.5, None]


def test_small_pools_are_padded_with_what_is_never_picked():
    problems = [[Sample(1, "p", "1", True, prm_score=1.0)] * 3, [Sample(4, "q", "1", True, prm_score=1.0)]]
    padded = pad(problems)
    assert [len(pool) for pool in padded] == [3, 3]
    assert padded[1][0] is problems[1][0]
    assert [(one.problem, one.answer, one.is_correct) for one in padded[1][1:]] == [("q", None, False)] * 2


ROW = {"problem": "p", "answer": "1", "is_correct": True}


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ("{", "not valid JSON"),
        ({"problem": "p", "answer": "1"}, "is_correct: the key is missing"),
        ({"answer": "1", "is_correct": True}, "problem: the key is missing"),
        ({**ROW, "is_correct": 1}, "is_correct: expected true or false, found a whole number"),
        ({**ROW, "orm_score": "high"}, "orm_score: expected a decimal number"),
        ({**ROW, "probabilities": [[0.5, 0.5]]}, r"probabilities\[0\]: expected three numbers"),
        ({**ROW, "probabilities": [[0.5, 0.7, -0.2]]}, r"probabilities\[0\]: expected three numbers from 0 to 1"),
        ({**ROW, "probabilities": [[0.5, 0.5, True]]}, r"probabilities\[0\]: expected three numbers"),
        ({**ROW, "probabilities": [[0.5, 0.5, 0.5]]}, "add up to 1.5000, not 1"),
        ({**ROW, "probabilities": ["high"]}, r"expected \[negative, neutral, positive\]"),
        ({**ROW, "steps": ["a", "b"], "probabilities": [[0, 0, 1]]}, "1 for 2 steps"),
        ({**ROW, "rating_probs": [{"-1": 0.5, "1": 0.5}]}, r"rating_probs\[0\].0: the key is missing"),
    ],
)
def test_a_line_that_cannot_be_used_is_named(tmp_path, row, sentence):
    with pytest.raises(SampleError, match=f"samples.jsonl, line 2: .*{sentence}"):
        read_samples(write(tmp_path, ROW, row))


def test_a_file_without_samples_is_refused(tmp_path):
    with pytest.raises(SampleError, match="holds no samples"):
        read_samples(write(tmp_path))
