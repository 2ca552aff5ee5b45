"""PRM800K records as Parquet, with the names that they have in a line. Needs pyarrow, which the web does not have."""

import importlib
from pathlib import Path
from typing import Any

from active_learning.records import Record, Step
from annotation.services.refusal import Refusal

ROWS = 1000  # of a group; all of a group is in memory at once


class ParquetMissing(Refusal):
    """Parquet needs the package pyarrow, which workers have (requirements/learning.txt). Ask for the dataset on its page, or
    install that here."""


def version() -> str:
    """Raises ParquetMissing."""
    return str(_arrow("pyarrow").__version__)


class ParquetFile:
    """One file; call close at its end."""

    def __init__(self, path: Path) -> None:
        self._schema = schema()
        self._table = _arrow("pyarrow").Table
        self._writer = _arrow("pyarrow.parquet").ParquetWriter(path, self._schema, compression="zstd")
        self._rows: list[dict[str, Any]] = []

    def add(self, record: Record) -> None:
        self._rows.append(row_of(record))
        if len(self._rows) == ROWS:
            self._flush()

    def close(self) -> None:
        if self._rows:
            self._flush()
        self._writer.close()

    def _flush(self) -> None:
        self._writer.write_table(self._table.from_pylist(self._rows, schema=self._schema))
        self._rows = []


def schema() -> Any:
    arrow = _arrow("pyarrow")
    text, rating, flag = arrow.string(), arrow.int8(), arrow.bool_()
    completion = arrow.struct([("text", text), ("rating", rating), ("flagged", flag)])
    human = arrow.struct(
        [("text", text), ("rating", rating), ("source", text), ("flagged", flag), ("corrected_rating", rating)]
    )
    step = arrow.struct(
        [("completions", arrow.list_(completion)), ("human_completion", human), ("chosen_completion", arrow.int16())]
    )
    question = arrow.struct(
        [
            ("problem", text),
            ("ground_truth_solution", text),
            ("ground_truth_answer", text),
            ("pre_generated_steps", arrow.list_(text)),
            ("pre_generated_answer", text),
            ("pre_generated_verifier_score", arrow.float64()),
        ]
    )
    label = arrow.struct([("steps", arrow.list_(step)), ("total_time", arrow.int64()), ("finish_reason", text)])
    return arrow.schema(
        [
            ("labeler", text),
            ("timestamp", text),
            ("generation", arrow.int64()),
            ("is_quality_control_question", flag),
            ("is_initial_screening_question", flag),
            ("question", question),
            ("label", label),
        ]
    )


def row_of(record: Record) -> dict[str, Any]:
    """Keys that phase-1 lines lack are null."""
    pre = record.pre_generated
    return {
        "labeler": record.labeler,
        "timestamp": record.timestamp,
        "generation": record.generation,
        "is_quality_control_question": record.is_quality_control_question,
        "is_initial_screening_question": record.is_initial_screening_question,
        "question": {
            "problem": record.problem,
            "ground_truth_solution": pre and pre.ground_truth_solution,
            "ground_truth_answer": record.ground_truth_answer,
            "pre_generated_steps": pre and list(pre.steps),
            "pre_generated_answer": pre and pre.answer,
            "pre_generated_verifier_score": pre and pre.verifier_score,
        },
        "label": {
            "steps": [_step(step) for step in record.steps],
            "total_time": record.total_time,
            "finish_reason": record.finish_reason,
        },
    }


def _step(step: Step) -> dict[str, Any]:
    human, completions = step.human_completion, step.completions
    return {
        "completions": None
        if completions is None
        else [{"text": one.text, "rating": one.rating, "flagged": one.flagged} for one in completions],
        "human_completion": human
        and {
            "text": human.text,
            "rating": human.rating,
            "source": human.source,
            "flagged": human.flagged,
            "corrected_rating": human.corrected_rating if isinstance(human.corrected_rating, int) else None,
        },
        "chosen_completion": step.chosen_completion,
    }


def _arrow(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise ParquetMissing from error
