"""Scoring by a server: a real HTTP server on loopback that a tiny model answers, and that fails as servers do."""

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from random import Random

import pytest
import torch
from transformers import AutoModelForTokenClassification

from active_learning import checkpoint, endpoint, score
from active_learning.__main__ import main
from active_learning.config import TrainConfig
from active_learning.pretrain import make_tokenizer
from active_learning.records import dump
from active_learning.simulate import label, make_pool
from active_learning.train import train
from tests import tiny
from tests.tiny_prm import make_checkpoint, make_solutions, publish, write_solutions


@pytest.fixture(scope="module")
def prm(tmp_path_factory):
    return make_checkpoint(tmp_path_factory.mktemp("base"), "full", max_len=25)


@pytest.fixture(scope="module")
def classifier(directory, tmp_path_factory):
    """The model as it is exported for servers, loaded as they do."""
    out = tmp_path_factory.mktemp("exported") / "classifier"
    assert main(["export", "--checkpoint", str(directory), "--out", str(out)]) == 0
    return AutoModelForTokenClassification.from_pretrained(out).eval()


@pytest.fixture(scope="module")
def directory(prm, tmp_path_factory):
    return publish(prm, tmp_path_factory.mktemp("published") / "prm")


SHORT = score.Unscored(1, "w1 w2", ("w3 w4", "w5"))


class Door(ThreadingHTTPServer):
    """Answers /pooling as vLLM does for a token classifier; `faults` are what it does first, in this order."""

    daemon_threads = True

    def __init__(self, classifier):
        super().__init__(("127.0.0.1", 0), Answers)
        self.classifier, self.lock = classifier, threading.Lock()
        self.faults, self.bodies, self.keys, self.most = [], [], [], 0
        self.now = 0

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"

    def rows(self, ids):
        with self.lock, torch.inference_mode():
            return self.classifier(input_ids=torch.tensor([ids])).logits[0].softmax(-1).tolist()


class Answers(BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with self.server.lock:
            fault = self.server.faults.pop(0) if self.server.faults else None
            self.server.now += 1
            self.server.most = max(self.server.most, self.server.now)
            self.server.bodies.append((self.path, body))
            self.server.keys.append(self.headers["Authorization"])
        self.answer(fault, body)

    def leave(self):
        """Before the answer goes out: once the client has it, its next request may come first."""
        with self.server.lock:
            self.server.now -= 1

    def answer(self, fault, body):
        if fault == "drop":
            self.leave()
            self.close_connection = True
            self.connection.close()
        elif fault == "half":
            self.say(200, '{"data": [{"da')
        elif isinstance(fault, int):
            self.say(fault, '{"error": {"message": "the reason"}}')
        else:
            rows = fault(self.server.rows(body["input"])) if callable(fault) else self.server.rows(body["input"])
            self.say(200, json.dumps({"object": "list", "data": [{"index": 0, "object": "pooling", "data": rows}]}))

    def say(self, status, text):
        self.leave()
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_):
        pass


@contextmanager
def served(classifier):
    with Door(classifier) as door:
        thread = threading.Thread(target=door.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield door
        finally:
            door.shutdown()
            thread.join()


@pytest.fixture
def door(classifier):
    with served(classifier) as door:
        yield door


@pytest.fixture
def waits():
    return []


@pytest.fixture
def ask(door, directory, waits):
    def asked(solutions, **changes):
        server = endpoint.Server(door.url, "prm", **({"requests": 4, "wait": waits.append} | changes))
        return list(endpoint.remote(directory, server).score(solutions))

    return asked


def assert_same(found, expected):
    assert [type(one) for one in found] == [type(one) for one in expected]
    for left, right in zip(found, expected, strict=True):
        assert left.id == right.id
        if isinstance(left, score.Scored):
            torch.testing.assert_close(
                torch.tensor(left.probabilities), torch.tensor(right.probabilities), atol=1e-5, rtol=0
            )


def test_a_server_gives_the_probabilities_of_the_local_model_in_order(ask, door, prm):
    solutions = make_solutions(60, Random(0))
    expected = list(score.score_solutions(prm, solutions))
    assert_same(ask(solutions), expected)
    assert {type(one) for one in expected} == {score.Scored, score.Unscored}
    assert len(door.bodies) == sum(isinstance(one, score.Scored) for one in expected)
    assert {path for path, _ in door.bodies} == {"/pooling"}
    assert {key: door.bodies[0][1][key] for key in ("model", "task")} == {"model": "prm", "task": "token_classify"}


def test_no_more_requests_than_allowed_are_in_flight(ask, door):
    ask(make_solutions(40, Random(1)), requests=3)
    assert 1 < door.most <= 3


@pytest.mark.parametrize("fault", [429, 500, 503, "drop", "half"])
def test_what_passes_is_tried_again_and_nothing_is_lost_or_doubled(fault, ask, door, waits, prm):
    solutions = make_solutions(20, Random(2))
    door.faults = [None, fault, None, fault, fault]
    assert_same(ask(solutions), list(score.score_solutions(prm, solutions)))
    assert len(waits) == 3
    assert set(waits) <= {1.0, 2.0, 4.0}


def test_waits_are_doubled_and_come_to_an_end(ask, door, waits):
    door.faults = [503] * 99
    with pytest.raises(endpoint.EndpointError, match=r"no answer in 6 attempts; the last said: 503 .*the reason"):
        ask([SHORT])
    assert waits == [1, 2, 4, 8, 16]


def test_a_server_that_is_not_there_is_said(directory, waits):
    server = endpoint.Server("http://127.0.0.1:9", "prm", wait=waits.append)
    with pytest.raises(endpoint.EndpointError, match="Connection refused"):
        list(endpoint.remote(directory, server).score([SHORT]))


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        (404, "refused: 404 .*the reason"),
        (401, "refused: 401"),
        (lambda rows: rows[:-1], "three classes"),
        (lambda rows: [*rows, rows[0]], "rows for"),
        (lambda rows: [row[:2] for row in rows], "three classes"),
        (lambda rows: [[2 * value for value in row] for row in rows], "three classes"),
        (lambda rows: [[value - 1, 0.5, 1.5 - value] for value, *_ in rows], "three classes"),
        (lambda rows: [["a", "b", "c"] for _ in rows], "three classes"),
        (lambda rows: None, "three classes"),
    ],
)
def test_what_no_attempt_will_mend_is_one_sentence(fault, sentence, ask, door, waits):
    door.faults = [fault]
    with pytest.raises(endpoint.EndpointError, match=sentence):
        ask([SHORT])
    assert waits == []


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [({"url": "server:8000"}, "http://"), ({"model": None}, "--model"), ({"requests": 0}, "At least one")],
)
def test_a_server_that_cannot_be_asked_is_refused(changes, sentence):
    with pytest.raises(endpoint.EndpointError, match=sentence):
        endpoint.Server(**({"url": "http://127.0.0.1:1", "model": "prm"} | changes))


def test_the_classes_of_an_exported_model_have_names(classifier):
    assert classifier.config.id2label == {0: "negative", 1: "neutral", 2: "positive"}


def test_a_probe_cannot_be_served(tmp_path):
    probe = make_checkpoint(tmp_path / "base", "probe")
    with pytest.raises(endpoint.EndpointError, match="probe"):
        endpoint.export(probe, tmp_path / "classifier")
    assert not (tmp_path / "classifier").exists()
    directory = publish(probe, tmp_path / "probe")
    with pytest.raises(endpoint.EndpointError, match="mode probe"):
        endpoint.remote(directory, endpoint.Server("http://127.0.0.1:1", "prm"))


POOL = make_pool(24, 2, 0.12, Random(0))


def trained(base, directory, mode):
    """A checkpoint of a few steps on half of the pool, and a file of all of it to score."""
    rng = Random(1)
    labels, solutions = directory / "labels.jsonl", directory / "solutions.jsonl"
    labels.write_text("".join(dump(label(solution, 0.0, 1, rng)) + "\n" for solution in POOL[:24]))
    write_solutions(solutions, [score.Unscored(i, one.problem["problem"], one.steps) for i, one in enumerate(POOL)])
    config = TrainConfig(base=str(base), mode=mode, lr=1e-2, min_steps=6, batch_tokens=512, eval_fraction=0.0)
    train(labels, config, directory / "prm", progress=lambda _: None)
    return directory / "prm", solutions


def test_adapters_are_trained_exported_served_and_score_as_they_do_here(tmp_path):
    base = tiny.make_model(tmp_path / "base", make_tokenizer())
    prm, solutions = trained(base, tmp_path, "lora")
    moved = base.rename(tmp_path / "moved")
    given = ["--checkpoint", str(prm), "--base", str(moved)]

    assert main(["export", *given, "--out", str(tmp_path / "classifier")]) == 0
    score_it = ["score", *given, "--solutions", str(solutions), "--device", "cpu"]
    with served(AutoModelForTokenClassification.from_pretrained(tmp_path / "classifier").eval()) as door:
        asked = [*score_it, "--endpoint", door.url, "--model", "prm"]
        assert main([*asked, "--out", str(tmp_path / "served.jsonl")]) == 0
    assert main([*score_it, "--out", str(tmp_path / "here.jsonl")]) == 0

    by_server, here = (
        [json.loads(line) for line in (tmp_path / f"{name}.jsonl").read_text().splitlines()]
        for name in ("served", "here")
    )
    assert [line["id"] for line in by_server] == [line["id"] for line in here] == list(range(48))
    for one, other in zip(by_server, here, strict=True):
        torch.testing.assert_close(torch.tensor(one["probabilities"]), torch.tensor(other["probabilities"]))


def test_adapters_on_another_base_model_are_refused(tmp_path):
    base = tiny.make_model(tmp_path / "base", make_tokenizer())
    prm, _ = trained(base, tmp_path, "lora")
    tiny.make_model(tmp_path / "other", make_tokenizer(), seed=1)
    server = endpoint.Server("http://127.0.0.1:1", "prm")
    with pytest.raises(checkpoint.CheckpointError, match="not the one this checkpoint was trained on"):
        endpoint.remote(prm, server, base=str(tmp_path / "other"))


@pytest.mark.parametrize("mode", ["full", "lora"])
def test_an_encoder_is_not_served_as_its_ratings_would_depend_on_later_steps(mode, tmp_path):
    words = {word for one in POOL for text in (one.problem["problem"], *one.steps) for word in text.split()}
    base = tiny.make_encoder(tmp_path / "base", sorted(words), positions=200)
    prm, _ = trained(base, tmp_path, mode)
    with pytest.raises(endpoint.EndpointError, match=r"encoder \(bert\) .* without --endpoint"):
        endpoint.export(checkpoint.load(prm, device="cpu"), tmp_path / "classifier")
    assert not (tmp_path / "classifier").exists()
    with pytest.raises(endpoint.EndpointError, match=r"encoder \(bert\)"):
        endpoint.remote(prm, endpoint.Server("http://127.0.0.1:1", "prm"))


def test_the_command_scores_by_a_server_and_keeps_what_it_scored(door, directory, prm, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(endpoint, "FIRST_WAIT_SECONDS", 0.001)
    solutions = write_solutions(tmp_path / "in.jsonl", make_solutions(30, Random(5)))
    (tmp_path / "key").write_text("secret\n")
    arguments = ["score", "--checkpoint", directory, "--solutions", solutions, "--out", tmp_path / "out.jsonl"]
    arguments += ["--endpoint", door.url, "--model", "prm", "--shard-size", 10, "--key-file", tmp_path / "key"]
    arguments = [*map(str, arguments), "--requests", "1"]
    door.faults = [None] * 15 + [503] * 6
    assert main(arguments) == 1
    assert "start again when the server is there" in capsys.readouterr().err
    asked = len(door.bodies)
    assert main(arguments) == 0
    assert len(door.bodies) - asked <= 20  # the first shard is not asked for again
    assert set(door.keys) == {"Bearer secret"}
    found = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    expected = [
        one for one in score.score_solutions(prm, score.read_solutions(solutions)) if isinstance(one, score.Scored)
    ]
    assert [line["id"] for line in found] == [one.id for one in expected]
    assert [line["product"] for line in found] == pytest.approx(
        [score.solution_score(one.probabilities) for one in expected], abs=1e-5
    )
