"""Scoring a file in parts. H13, and learning that survives what kills it."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from random import Random

import pytest

from active_learning import checkpoint, data, score, shards
from active_learning.__main__ import main
from active_learning.hashes import sha256
from tests.tiny_prm import make_checkpoint, make_solutions, publish, write_solutions


@pytest.fixture(scope="module")
def prm(tmp_path_factory):
    return make_checkpoint(tmp_path_factory.mktemp("base"), "full", max_len=30)


@pytest.fixture
def scorer(prm):
    return score.local(prm, "sha256 of the checkpoint")


def counting(scorer):
    """The scorer, and the ids that it was asked for."""
    asked = []

    def counted(solutions):
        for result in scorer.score(solutions):
            asked.append(result.id if isinstance(result, score.Unscored) else result.solution.id)
            yield result

    return replace(scorer, score=counted), asked


def dying_after(scorer, n):
    def dying(solutions):
        for done, result in enumerate(scorer.score(solutions)):
            if done == n:
                raise RuntimeError("killed")
            yield result

    return replace(scorer, score=dying)


def run(scorer, job):
    seen = []
    return shards.score_file(scorer, job, progress=seen.append), seen


def names(directory):
    return sorted(path.name for path in directory.iterdir())


def test_a_step_without_a_token_leaves_its_solution_out_and_nothing_else(scorer, tmp_path, monkeypatch):
    """As a tokenizer that takes invisible characters away makes nothing of them."""
    real = data.encode

    def encode(problem, steps, tokenizer):
        if "\u200b" in steps:
            raise data.UnreadableText("no token")
        return real(problem, steps, tokenizer)

    monkeypatch.setattr(data, "encode", encode)
    rows = [{"id": 1, "problem": "w1", "steps": ["w2", "\u200b"]}, {"id": 2, "problem": "w1", "steps": ["w2"]}]
    (tmp_path / "in.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))

    report, _ = run(scorer, shards.Job(tmp_path / "in.jsonl", tmp_path / "out.jsonl"))

    assert report == shards.Report(scored=1, left_out=1, is_complete=True)


def test_a_blank_step_is_told_with_its_line_before_anything_is_scored(scorer, tmp_path):
    (tmp_path / "in.jsonl").write_text('{"id": 1, "problem": "w1", "steps": ["w2", " "]}\n')

    with pytest.raises(ValueError, match=r"line 1: steps\[1\]: the step is empty"):
        run(scorer, shards.Job(tmp_path / "in.jsonl", tmp_path / "out.jsonl"))


def test_a_file_is_scored_line_by_line_and_what_is_too_long_is_counted(scorer, tmp_path):
    rows = [
        {"id": 7, "problem": "w1", "steps": ["w2", "w3 w4"]},
        {"id": "long", "problem": "w1", "steps": ["w2"] * 30},
        {"id": 9, "problem": "w1", "steps": ["w5"]},
    ]
    (tmp_path / "in.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    report, seen = run(scorer, shards.Job(tmp_path / "in.jsonl", tmp_path / "out.jsonl"))
    lines = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert report == shards.Report(scored=2, left_out=1, is_complete=True)
    assert [line["id"] for line in lines] == [7, 9]
    assert lines[0].keys() == {"id", "product", "minimum", "probabilities", "judged_part"}
    assert [sum(triple) for triple in lines[0]["probabilities"]] == pytest.approx([1, 1])
    assert lines[0]["product"] == pytest.approx(score.solution_score(lines[0]["probabilities"]))
    assert lines[0]["minimum"] == pytest.approx(min(1 - triple[0] for triple in lines[0]["probabilities"]))
    assert seen[-1] == {"stage": "score", "done": 3, "total": 3, "left_out": 1}
    assert names(tmp_path) == ["in.jsonl", "out.jsonl"]


def test_an_empty_file_gives_an_empty_file(scorer, tmp_path):
    (tmp_path / "in.jsonl").write_text("")
    report, _ = run(scorer, shards.Job(tmp_path / "in.jsonl", tmp_path / "out.jsonl"))
    assert (report.scored, (tmp_path / "out.jsonl").read_text(), names(tmp_path)) == (0, "", ["in.jsonl", "out.jsonl"])


def test_shards_keep_problems_whole_and_the_output_in_the_order_of_the_input(scorer, tmp_path):
    solutions = make_solutions(60, Random(0), problems=6)  # ten of each
    path = write_solutions(tmp_path / "in.jsonl", solutions)
    assert [solutions for _, solutions in shards._cut(path, 15)] == [20, 20, 20]
    one, _ = run(scorer, shards.Job(path, tmp_path / "one.jsonl"))
    many, seen = run(scorer, shards.Job(path, tmp_path / "many.jsonl", shard_size=15))
    lines = [
        [json.loads(line) for line in (tmp_path / name).read_text().splitlines()]
        for name in ("one.jsonl", "many.jsonl")
    ]
    assert one == many
    assert [line["id"] for line in lines[1]] == [one["id"] for one in lines[0]] == sorted(one["id"] for one in lines[0])
    assert [line["product"] for line in lines[1]] == pytest.approx([line["product"] for line in lines[0]], abs=1e-5)
    done = [line["done"] for line in seen]
    assert (done, {line["total"] for line in seen}) == ([0, 20, 40, 60], {60})


def test_a_problem_with_more_samples_than_two_shards_is_cut(tmp_path):
    path = write_solutions(tmp_path / "in.jsonl", make_solutions(50, Random(0), problems=1))
    assert [solutions for _, solutions in shards._cut(path, 10)] == [20, 20, 10]


def test_what_was_finished_is_not_scored_again(scorer, tmp_path):
    path = write_solutions(tmp_path / "in.jsonl", make_solutions(40, Random(1)))
    job = shards.Job(path, tmp_path / "out.jsonl", shard_size=10)
    calls = iter(range(99))
    with pytest.raises(RuntimeError):
        run(
            replace(scorer, score=lambda some: (dying_after(scorer, 5) if next(calls) == 2 else scorer).score(some)),
            job,
        )
    assert not job.out_path.exists()
    again, asked = counting(scorer)
    report, seen = run(again, job)
    assert asked == list(range(20, 40))
    assert seen[0]["done"] == 20
    whole, _ = run(scorer, shards.Job(path, tmp_path / "whole.jsonl", shard_size=10))
    assert report == whole
    assert job.out_path.read_bytes() == (tmp_path / "whole.jsonl").read_bytes()
    assert names(tmp_path) == ["in.jsonl", "out.jsonl", "whole.jsonl"]


@pytest.mark.parametrize("other", ["checkpoint", "solutions", "shard size"])
def test_parts_of_other_work_are_refused_or_deleted_if_asked(other, scorer, tmp_path):
    path = write_solutions(tmp_path / "in.jsonl", make_solutions(20, Random(2)))
    job = shards.Job(path, tmp_path / "out.jsonl", shard_size=5)
    with pytest.raises(RuntimeError):
        run(dying_after(scorer, 3), job)
    before = names(job.parts)
    if other == "checkpoint":
        scorer = replace(scorer, identity={"checkpoint": "another"})
    elif other == "solutions":
        write_solutions(path, make_solutions(20, Random(3)))
    else:
        job = replace(job, shard_size=6)
    with pytest.raises(shards.ShardError, match=f"another {other}"):
        run(scorer, job)
    assert names(job.parts) == before
    report, seen = run(scorer, replace(job, is_anew=True))
    assert (seen[0]["done"], report.is_complete) == (0, True)


def test_a_bad_line_is_told_by_its_number_before_anything_is_scored(scorer, tmp_path):
    path = write_solutions(tmp_path / "in.jsonl", make_solutions(5, Random(0)))
    path.write_text(path.read_text() + '{"id": 1, "problem": "p"}\n')
    counted, asked = counting(scorer)
    with pytest.raises(shards.ShardError, match="line 6: steps: the key is missing"):
        run(counted, shards.Job(path, tmp_path / "out.jsonl", shard_size=2))
    assert (asked, names(tmp_path)) == ([], ["in.jsonl"])


def test_machines_share_the_shards_and_the_last_one_makes_the_output(scorer, tmp_path):
    path = write_solutions(tmp_path / "in.jsonl", make_solutions(50, Random(4)))
    job = shards.Job(path, tmp_path / "out.jsonl", shard_size=10)
    first, asked_first = counting(scorer)
    second, asked_second = counting(scorer)
    report, seen = run(first, replace(job, share=(0, 2)))
    assert (report.is_complete, job.out_path.exists(), seen[-1]["done"], seen[-1]["total"]) == (False, False, 30, 30)
    report, _ = run(second, replace(job, share=(1, 2)))
    assert report.is_complete
    assert sorted(asked_first + asked_second) == list(range(50))
    run(scorer, shards.Job(path, tmp_path / "whole.jsonl", shard_size=10))
    assert job.out_path.read_bytes() == (tmp_path / "whole.jsonl").read_bytes()


def test_a_merge_that_another_machine_was_faster_with_is_left_to_it(scorer, tmp_path):
    path = write_solutions(tmp_path / "in.jsonl", make_solutions(10, Random(4)))
    job = shards.Job(path, tmp_path / "out.jsonl", shard_size=5)
    run(scorer, job)
    before = job.out_path.read_bytes()
    shards._merge(job, [shards._Shard(0, 0, 5), shards._Shard(1, 0, 5)])
    assert (job.out_path.read_bytes(), names(tmp_path)) == (before, ["in.jsonl", "out.jsonl"])


def test_two_machines_with_the_same_pid_that_merge_at_the_same_time_make_one_whole_output(
    scorer, tmp_path, monkeypatch
):
    """The fast one is half through when the slow one opens its file, and done before the slow one goes on."""
    path = write_solutions(tmp_path / "in.jsonl", make_solutions(30, Random(4)))
    run(scorer, shards.Job(path, tmp_path / "whole.jsonl", shard_size=10))
    job = shards.Job(path, tmp_path / "out.jsonl", shard_size=10)
    with monkeypatch.context() as unmerged:
        unmerged.setattr(shards, "_merge", lambda job, shards: None)
        run(scorer, job)
    is_half, is_opened, is_done = (threading.Event() for _ in range(3))
    copied, copy = [], shutil.copyfileobj

    def copy_in_turn(part, out):
        if threading.current_thread().name == "slow":
            is_opened.set()
            assert is_done.wait(10)
        elif len(copied) == 2:
            is_half.set()
            assert is_opened.wait(10)
        copied.append(part.name)
        copy(part, out)
        out.flush()  # as parts larger than a buffer are

    monkeypatch.setattr(shards.shutil, "copyfileobj", copy_in_turn)

    def merge_slowly():
        assert is_half.wait(10)
        run(scorer, job)

    slow = threading.Thread(target=merge_slowly, name="slow")
    slow.start()
    run(scorer, job)
    is_done.set()
    slow.join()

    assert job.out_path.read_bytes() == (tmp_path / "whole.jsonl").read_bytes()
    assert names(tmp_path) == ["in.jsonl", "out.jsonl", "whole.jsonl"]


def test_the_parts_stay_until_the_output_and_its_name_are_on_disk(scorer, tmp_path, monkeypatch):
    job = shards.Job(write_solutions(tmp_path / "in.jsonl", make_solutions(5, Random(4))), tmp_path / "out.jsonl")
    on_disk, fsync, rename = [], os.fsync, shards.Path.rename

    def noted_fsync(descriptor):
        on_disk.append(os.fstat(descriptor).st_ino)
        fsync(descriptor)

    def noted_rename(old, new):
        if old == job.parts:
            on_disk.append("the parts go")
        return rename(old, new)

    monkeypatch.setattr(os, "fsync", noted_fsync)
    monkeypatch.setattr(shards.Path, "rename", noted_rename)
    run(scorer, job)

    assert on_disk[-3:] == [job.out_path.stat().st_ino, tmp_path.stat().st_ino, "the parts go"]


@pytest.mark.parametrize("share", [(2, 2), (-1, 2)])
def test_a_share_that_is_none_is_refused(share, tmp_path):
    with pytest.raises(shards.ShardError, match="1/n to n/n"):
        shards.Job(tmp_path / "in", tmp_path / "out", share=share)


@pytest.mark.slow
def test_a_killed_process_goes_on_with_the_missing_shards(prm, tmp_path, capsys):
    path = write_solutions(tmp_path / "in.jsonl", make_solutions(3000, Random(5)))
    directory = publish(prm, tmp_path / "prm")
    arguments = [
        "score",
        "--checkpoint",
        str(directory),
        "--solutions",
        str(path),
        "--device",
        "cpu",
        "--shard-size",
        "20",
    ]
    out, parts = tmp_path / "out.jsonl", tmp_path / "out.jsonl.parts"
    child = subprocess.Popen(
        [sys.executable, "-m", "active_learning", *arguments, "--out", str(out)], stdout=subprocess.DEVNULL
    )
    while len(list(parts.glob("*.jsonl"))) < 3:
        assert child.poll() is None
        time.sleep(0.01)
    child.send_signal(signal.SIGKILL)
    assert child.wait() == -signal.SIGKILL
    finished = {path.name: path.stat().st_ino for path in parts.glob("*.jsonl")}
    assert not out.exists()
    assert 3 <= len(finished) < 150

    scorer = score.local(checkpoint.load(directory, device="cpu"), sha256(directory / checkpoint.MANIFEST))
    with pytest.raises(RuntimeError):  # one shard more, and it dies again
        run(dying_after(scorer, 19), shards.Job(path, out, shard_size=20))
    assert {name: (parts / name).stat().st_ino for name in finished} == finished
    assert main([*arguments, "--out", str(out)]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert lines[0]["done"] == 20 * len(finished)
    assert main([*arguments, "--out", str(tmp_path / "whole.jsonl")]) == 0
    assert out.read_bytes() == (tmp_path / "whole.jsonl").read_bytes()
    assert not parts.exists()
