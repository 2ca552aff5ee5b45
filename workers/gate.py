"""The promotion gate of a round: the new selector replaces the one in use only if it is not worse."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings

from annotation.models import ModelVersion, Round
from annotation.queries import scoring as queries
from annotation.services.exporting import rounds_beside
from annotation.services.round_inputs import Inputs
from workers.duty import Duty

SAMPLE = 500  # unlabeled solutions on which both are read

Compared = dict[str, Any]


@dataclass(frozen=True)
class _Match:
    duty: Duty
    round: Round
    candidate: ModelVersion
    active: ModelVersion
    folder: Path


def better_of(duty: Duty, round_: Round, candidate: ModelVersion, folder: Path) -> tuple[ModelVersion, Compared]:
    """The selector that this round chooses by, and the comparison for its report. The first one has no rival."""
    active = ModelVersion.objects.active_selector(round_.project)
    if active is None:
        return candidate, {"comparison": {"promote": True, "because": "first", "candidate": candidate.pk}}
    match = _Match(duty, round_, candidate, active, folder)
    found = _on_all_labels(match)
    if found["promote"]:
        found |= _on_earlier_labels(match)
    if not found["promote"]:
        duty.log(f"the new selector is held back ({found['because']}): the round goes on with the one in use")
    found |= {"candidate": candidate.pk, "active": active.pk}
    found["labels_before"] = active.round.report.get("labels") if active.round else None
    return (candidate if found["promote"] else active), {"comparison": found}


def _on_all_labels(match: _Match) -> Compared:
    out, sample = match.folder / "comparison.json", match.folder / "sample.jsonl"
    if not out.exists():
        rows = queries.sample(match.round.project, SAMPLE)
        sample.write_text(
            "".join(json.dumps({"id": one.id, "problem": one.problem, "steps": one.steps}) + "\n" for one in rows)
        )
        _compare(match, match.folder / "train.jsonl", sample, out)
    return _read(out)


def _on_earlier_labels(match: _Match) -> Compared:
    """What changes where the new one is worse at what was labeled before the one in use was trained: then the labels
    since contradict the earlier ones. On all labels that is not seen, for the held-out ones are wrong in the same way.
    However many selectors were held back since, their rounds are not among the earlier ones.
    """
    out, records, none = (match.folder / name for name in ("earlier.json", "earlier.jsonl", "none.jsonl"))
    if not out.exists():
        used = match.active.round
        if not write_earlier(match.folder / "train.jsonl", records, before=used.number if used else 0):
            return {}
        none.write_text("")  # the ranking of unlabeled solutions is known already
        _compare(match, records, none, out)
    earlier = _read(out)
    if earlier["because"] != "worse":
        return {}
    return {"promote": False, "because": "contradicted", "earlier": earlier["auc_difference"]}


def write_earlier(records: Path, earlier: Path, *, before: int) -> int:
    """Copy the records of rounds before this one, and those that were imported; returns how many.

    0 also where nothing came since: then all of them were compared already.
    """
    count = total = 0
    with records.open() as lines, rounds_beside(records).open() as rounds, earlier.open("w") as file:
        for line, told in zip(lines, rounds, strict=True):
            round_ = json.loads(told)
            total += 1
            if round_ is None or round_ < before:
                file.write(line)
                count += 1
    return count if count < total else 0


def _read(path: Path) -> Compared:
    found: Compared = json.loads(path.read_text())
    return found


def _compare(match: _Match, records: Path, solutions: Path, out: Path) -> None:
    inputs = Inputs.of_round(match.round)
    given = {
        "--candidate": settings.DATA_DIR / match.candidate.checkpoint,
        "--active": settings.DATA_DIR / match.active.checkpoint,
        "--records": records,
        "--solutions": solutions,
        "--auc-tolerance": inputs.auc_tolerance,
        "--least-agreement": inputs.least_agreement,
        "--threads": settings.TRAINING_THREADS,
        "--out": out,
    }
    match.duty.run_child(["compare", *(str(word) for pair in given.items() for word in pair)])
