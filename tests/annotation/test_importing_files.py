"""Lines of files from strangers: only LF ends a line, and nothing grows without a limit."""

import gzip
import io
import tracemalloc

import pytest

from active_learning.strict_json import MAX_LINE_BYTES, RecordError, load_json
from annotation.services import line_files
from annotation.services.line_files import UnreadableFile, lines_of, read_lines


def split(content):
    return list(read_lines(io.BytesIO(content)))


@pytest.mark.parametrize(
    ("content", "lines"),
    [
        (b"", []),
        (b"a", [b"a"]),
        (b"a\nb\n", [b"a", b"b"]),
        (b"a\n\nb", [b"a", b"", b"b"]),
        (b"a\rb\r\nc", [b"a\rb\r", b"c"]),
        ("a\u2028b\u0085c\n".encode(), ["a\u2028b\u0085c".encode()]),
        (b"\xef\xbb\xbfa\n\xef\xbb\xbfb", [b"a", b"\xef\xbb\xbfb"]),
    ],
)
def test_only_a_newline_ends_a_line_and_one_mark_at_the_start_is_dropped(content, lines):
    assert split(content) == lines


def test_a_line_at_the_limit_is_whole_and_the_one_behind_it_too():
    longest = b"x" * MAX_LINE_BYTES

    assert split(longest + b"\nnext") == [longest, b"next"]


@pytest.mark.parametrize("excess", [1, 2, MAX_LINE_BYTES - 1, MAX_LINE_BYTES, MAX_LINE_BYTES + 1])
def test_a_line_over_the_limit_comes_cut_off_is_refused_and_the_next_one_is_read(excess):
    cut, following = split(b"x" * (MAX_LINE_BYTES + excess) + b"\nnext")

    assert following == b"next"
    with pytest.raises(RecordError, match="longer than"):
        load_json(cut)


def test_a_huge_line_does_not_lie_in_memory(tmp_path):
    path = tmp_path / "huge.jsonl"
    with path.open("wb") as file:
        file.truncate(200 * MAX_LINE_BYTES)

    tracemalloc.start()
    lines = sum(1 for _ in lines_of(path))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert lines == 1
    assert peak < 8 * MAX_LINE_BYTES


def test_packed_files_are_read_also_when_they_were_joined(tmp_path):
    path = tmp_path / "lines.jsonl.gz"
    path.write_bytes(gzip.compress(b"a\nb\n") + gzip.compress(b"c\n"))

    assert list(lines_of(path)) == [b"a", b"b", b"c"]


def test_a_file_that_unpacks_to_a_huge_one_is_given_up_early(tmp_path, monkeypatch):
    monkeypatch.setattr(line_files, "ALWAYS_UNPACKED", 4 * MAX_LINE_BYTES)
    path = tmp_path / "bomb.jsonl.gz"
    path.write_bytes(gzip.compress(bytes(50 * MAX_LINE_BYTES)))

    with pytest.raises(UnreadableFile, match="unpacks to more than"):
        list(lines_of(path))


def test_a_bomb_is_refused_before_its_first_line(tmp_path, monkeypatch):
    monkeypatch.setattr(line_files, "ALWAYS_UNPACKED", 4 * MAX_LINE_BYTES)
    path = tmp_path / "bomb.jsonl.gz"
    path.write_bytes(gzip.compress(b"\n" * (50 * MAX_LINE_BYTES)))

    with pytest.raises(UnreadableFile, match="unpacks to more than"):
        next(lines_of(path))


def test_a_small_file_may_be_as_repetitive_as_it_likes(tmp_path):
    path = tmp_path / "same.jsonl.gz"
    path.write_bytes(gzip.compress(b"the same line\n" * 100_000))

    assert sum(1 for _ in lines_of(path)) == 100_000


def test_an_absolute_cap_stops_even_a_modest_ratio(tmp_path, monkeypatch):
    monkeypatch.setattr(line_files, "MAX_UNPACKED_BYTES", 10_000)
    path = tmp_path / "long.jsonl.gz"
    path.write_bytes(gzip.compress(b"the same line\n" * 100_000))

    with pytest.raises(UnreadableFile):
        list(lines_of(path))


def test_files_that_cannot_be_read_say_which_and_why(tmp_path):
    cut_off, no_gzip = tmp_path / "cut.jsonl.gz", tmp_path / "plain.jsonl.gz"
    cut_off.write_bytes(gzip.compress(b"some lines\n" * 1000)[:-20])
    no_gzip.write_bytes(b"not packed at all\n")

    for path, reason in [
        (tmp_path / "missing.jsonl", "No such file"),
        (tmp_path, "Is a directory"),
        (cut_off, "not all of it is here"),
        (no_gzip, "it is no gzip file"),
    ]:
        with pytest.raises(UnreadableFile, match=reason) as refused:
            list(lines_of(path))
        assert str(path) in str(refused.value)
