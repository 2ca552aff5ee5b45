"""The quick way to read a line never says anything else than the careful one."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from active_learning import strict_json
from active_learning.strict_json import RecordError, load_json

TEXTS = st.text(alphabet=st.sampled_from('a":\\{}[], \u2028é😀\x00\x7f'), max_size=6)
NUMBERS = (
    st.integers(-(2**70), 2**70) | st.floats() | st.sampled_from([2**63, -(2**63) - 1, 1e22, 0.1234567890123456789])
)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)


def outcome(read, line):
    try:
        return repr(read(line))  # tells 1 from 1.0 and 0.0 from -0.0, which are equal
    except RecordError as error:
        return "refused", error.path, error.reason


def same_both_ways(line):
    assert outcome(load_json, line) == outcome(strict_json._read_with_care, line)


@given(st.dictionaries(TEXTS, VALUES, max_size=5), st.booleans())
def test_any_object_is_read_alike(value, ascii_only):
    same_both_ways(json.dumps(value, ensure_ascii=ascii_only).encode(errors="replace"))


@given(
    st.lists(st.sampled_from(['{"a":', '"a"', ":", ",", "}", "{", "[", "]", "1", "9" * 20, "\\", " ", "\t", '"', "e9"]))
)
@example(['{"a":', "1", ",", '"a"', ":", "1", "}"])
@example(['{"a":', "9" * 20, "}"])
def test_anything_else_is_refused_alike(pieces):
    same_both_ways("".join(pieces).encode())


@pytest.mark.parametrize(
    "line",
    [
        b'{"a": 1, "b": {"c": 1, "c": 2}}',
        b'{"a": 1, "a": "x\\": y"}',
        rb'{"a": "\u0000"}',
        rb'{"a": "\\u0000"}',
        rb'{"a": "\ud800"}',
        b'{"a": 9223372036854775808}',
        b'{"a": -9223372036854775808}',
        b'{"a": -9223372036854775809}',
        b'{"a": 123456789012345678901234567890}',
        b'{"a": NaN}',
        b'{"a": 1e999}',
        b'{"a": "\xff"}',
        b'\xef\xbb\xbf{"a": 1}',
        b"[1]",
        b'{"a": ' + b"[" * 40 + b"]" * 40 + b"}",
        b'{"a": ' + b"[" * 20 + b"1e22" + b"]" * 20 + b"}",
    ],
)
def test_what_strangers_send_is_read_alike(line):
    same_both_ways(line)


def test_ordinary_lines_do_not_go_the_careful_way(monkeypatch):
    monkeypatch.delattr(strict_json, "_read_with_care")

    assert load_json(b'{"problem": "say \\"x\\"", "steps": ["a", "b"], "score": 0.5, "seed": 7}')["seed"] == 7


@pytest.mark.parametrize("key", ["a\\u0000b", "a\\ud800b", "\\udfff", "k" * 100_000])
def test_a_refusal_that_names_a_key_can_be_stored_and_read(key):
    with pytest.raises(RecordError) as refused:
        load_json(f'{{"{key}": "\\u0000"}}'.encode())

    for told in (refused.value.path, refused.value.reason, str(refused.value)):
        assert not strict_json.UNSTORABLE.search(told)
        assert len(told) <= 2 * strict_json.MAX_TOLD
    assert refused.value.path
