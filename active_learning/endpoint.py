"""Scoring by a server, for those who run vLLM.

The server has the checkpoint as `export` writes it, a token classifier with the classes negative, neutral, positive
(`vllm serve DIR --runner pooling`). It is asked for the task `token_classify` at `/pooling`: tokens in, the
probabilities of the classes at every token out. Tokens are made here, so that the step ends are those of training.
"""

import copy
import json
import math
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from torch import Tensor, nn
from transformers import AutoConfig, AutoModelForTokenClassification

from active_learning import checkpoint, data
from active_learning.base_model import load_tokenizer, reads_both_ways
from active_learning.config import Triple, from_json
from active_learning.hashes import sha256
from active_learning.model import NEUTRAL, StepPRM
from active_learning.score import Scored, Scorer, Unscored

ATTEMPTS = 6
FIRST_WAIT_SECONDS = 1.0  # doubled at every attempt
TIMEOUT_SECONDS = 300.0  # a full queue of a busy server takes minutes
BUSY = {408, 425, 429, 500, 502, 503, 504}
CLASSES = 3
NEVER_IN_HALF = -3e4  # a logit whose probability is 0, within the range of half precision
SUM_TOLERANCE = 1e-2  # of probabilities in half precision


class EndpointError(ValueError):
    """The server cannot be reached, or what it says are no probabilities of this model's classes."""


class _TryAgain(Exception):
    """What another attempt may mend."""


@dataclass(frozen=True)
class Server:
    url: str
    model: str | None
    requests: int = 32  # in flight at the same time
    key: str | None = None
    wait: Callable[[float], None] = time.sleep

    def __post_init__(self) -> None:
        if not self.url.startswith(("http://", "https://")):
            raise EndpointError(f"The endpoint is an address that begins with http:// or https://, not {self.url!r}.")
        if not self.model:
            raise EndpointError("Say with --model under which name the server has this checkpoint.")
        if self.requests < 1:
            raise EndpointError("At least one request is in flight at a time.")


def export(loaded: checkpoint.Checkpoint, out_dir: Path) -> None:
    """Write the model as a token classifier of transformers, which servers load.

    Raises EndpointError for a probe and for an encoder, whose ratings a server would let depend on later steps.
    """
    if not isinstance(loaded.model, StepPRM):
        raise EndpointError("A probe is no classifier that a server knows; train with mode full or lora.")
    _check_reads_forwards(loaded.model.backbone.config)
    config = copy.deepcopy(loaded.model.backbone.config)
    config.id2label = dict(enumerate(("negative", "neutral", "positive")))  # type: ignore[union-attr]
    config.label2id = {name: place for place, name in config.id2label.items()}  # type: ignore[union-attr]
    classifier = AutoModelForTokenClassification.from_config(config)
    setattr(classifier, classifier.base_model_prefix, loaded.model.backbone)
    rows = next(part for part in classifier.children() if isinstance(part, nn.Linear))
    rows.weight.data = loaded.model.head.weight.data.to(rows.weight.dtype)
    _set_bias(rows.bias, has_neutral=loaded.model.has_neutral)
    with checkpoint.written_whole(out_dir) as directory:
        classifier.save_pretrained(directory)
        loaded.tokenizer.save_pretrained(directory)


def _set_bias(bias: Tensor | None, *, has_neutral: bool) -> None:
    if bias is not None:
        nn.init.zeros_(bias)
        bias.data[NEUTRAL] = 0.0 if has_neutral else NEVER_IN_HALF
    elif not has_neutral:
        raise EndpointError(
            "This model knows no neutral steps, and a server cannot be told so by a classifier without a bias: "
            "score this checkpoint here, without --endpoint."
        )


def remote(directory: Path, server: Server, *, base: str | None = None) -> Scorer:
    """Score by a server that has this checkpoint; here only its tokenizer and settings are loaded.

    `base` says where the base model of adapters is now, if it was moved. Raises EndpointError as `export` does.
    """
    meta = checkpoint.verify(directory)
    config = from_json(meta["config"])
    if config.mode == "probe":
        raise EndpointError(f"{directory} was trained with mode probe; a server takes models of mode full or lora.")
    tokenizer, backbone = directory / "tokenizer", directory / checkpoint.FOLDERS["full"]
    if config.mode == "lora":
        tokenizer = backbone = checkpoint.frozen_base(meta, base)
    _check_reads_forwards(AutoConfig.from_pretrained(backbone, local_files_only=True, trust_remote_code=False))  # nosec B615 # a local folder
    return Scorer(
        score=partial(score_solutions, server, load_tokenizer(tokenizer), config.max_len),
        identity={"checkpoint": sha256(directory / checkpoint.MANIFEST), "endpoint": server.model or ""},
        kind=config.kind,
        neutral=config.neutral,
        threshold=meta["metrics"]["threshold"],
    )


def _check_reads_forwards(config: Any) -> None:
    if reads_both_ways(config):
        raise EndpointError(
            f"A server lets every token of an encoder ({config.model_type}) see the steps after it, which it was not "
            "trained with: score this checkpoint here, without --endpoint."
        )


def score_solutions(
    server: Server, tokenizer: Any, max_len: int, solutions: Iterable[Unscored]
) -> Iterator[Scored | Unscored]:
    """Yield a result for each solution in order; what is longer than max_len tokens, or has a step without one, comes
    back as it was."""
    waiting: deque[Future[Scored | Unscored]] = deque()
    executor = ThreadPoolExecutor(server.requests)
    try:
        for solution in solutions:
            encoded = data.encode_if_readable(solution.problem, solution.steps, tokenizer)
            waiting.append(executor.submit(_score, server, solution, encoded, max_len))
            if len(waiting) >= 4 * server.requests:  # read ahead of a slow one, but not without end
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        executor.shutdown(cancel_futures=True)


def _score(server: Server, solution: Unscored, encoded: data.Encoded | None, max_len: int) -> Scored | Unscored:
    if encoded is None or not encoded.ends or len(encoded.ids) > max_len:
        return solution
    return Scored(solution, ask(server, encoded))


def ask(server: Server, encoded: data.Encoded) -> tuple[Triple, ...]:
    """The probabilities at the step ends; tries again while the server is busy. Raises EndpointError."""
    problem = ""
    for attempt in range(ATTEMPTS):
        if attempt:
            server.wait(FIRST_WAIT_SECONDS * 2 ** (attempt - 1))
        try:
            return _at_step_ends(_post(server, encoded.ids), encoded)
        except _TryAgain as error:
            problem = str(error)
    raise EndpointError(
        f"{server.url} gave no answer in {ATTEMPTS} attempts; the last said: {problem}. "
        "What was scored is kept: start again when the server is there."
    )


def _post(server: Server, ids: list[int]) -> Any:
    body = {"model": server.model, "task": "token_classify", "input": ids, "encoding_format": "float"}
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {server.key}"} if server.key else {})
    request = Request(f"{server.url.rstrip('/')}/pooling", json.dumps(body).encode(), headers)
    try:
        with urlopen(request, timeout=TIMEOUT_SECONDS) as answer:  # nosec B310 # whoever runs the command named it
            return json.loads(answer.read())
    except HTTPError as error:
        said = f"{error.code} {error.read(300).decode(errors='replace')}"
        if error.code in BUSY:
            raise _TryAgain(said) from error
        raise EndpointError(f"{server.url} refused: {said}") from error
    except (OSError, HTTPException, json.JSONDecodeError) as error:  # no connection, a broken one, half an answer
        raise _TryAgain(f"{type(error).__name__}: {error}") from error


def _at_step_ends(answer: Any, encoded: data.Encoded) -> tuple[Triple, ...]:
    try:
        rows = answer["data"][0]["data"]
        triples = [tuple(float(value) for value in rows[end]) for end in encoded.ends]
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise EndpointError(f"{_WANTED} It answered: {str(answer)[:200]}") from error
    if len(rows) != len(encoded.ids):
        raise EndpointError(f"{_WANTED} It answered {len(rows)} rows for {len(encoded.ids)} tokens.")
    for triple in triples:
        if len(triple) != CLASSES or min(triple) < 0 or not math.isclose(sum(triple), 1, abs_tol=SUM_TOLERANCE):
            raise EndpointError(f"{_WANTED} It answered {list(triple)[:5]} for a step.")
    return tuple((negative, neutral, positive) for negative, neutral, positive in triples)


_WANTED = (
    "The server does not answer as a token classifier with three classes, one row of probabilities for each token; "
    "serve the exported model with --runner pooling."
)
