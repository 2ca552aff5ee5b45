"""What people rated, as PRM800K lines, from the data files that may lie beside the project.

    python -m tests.benchmarks.people_records --out FILE [--alternatives-of 3]

Phase 2: at most five solutions of a problem. Phase 1: the chosen path, and the alternatives to every third step.
"""

import argparse
import json
import sys
from collections import Counter
from pathlib import Path

from active_learning.commands.arguments import write_lines
from tests.shared_data import SHARED

FOLDER = SHARED / "data" / "prm800k_derived"
MOST_OF_A_PROBLEM = 5  # one has 432
FINISHED = ("found_error", "solution")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--alternatives-of", type=int, default=3, help="one step in so many; 0: of none")
    options = parser.parse_args()
    if not FOLDER.exists():
        sys.exit(f"The ratings are not beside this checkout: {FOLDER.name} is missing in ../shared/data.")
    options.out.parent.mkdir(parents=True, exist_ok=True)
    write_lines(options.out, [*_phase_2(), *_phase_1(options.alternatives_of)])


def _phase_2():
    of_problem = Counter()
    for row in _rows("prm800k_train_paths_1818.jsonl"):
        if row["phase"] == 2 and row["finish_reason"] in FINISHED and of_problem[row["problem"]] < MOST_OF_A_PROBLEM:
            of_problem[row["problem"]] += 1
            steps = [_step([one], None if one["rating"] == -1 else 0) for one in row["steps"]]
            yield _record(row["problem"], row["ground_truth_answer"], steps, row["finish_reason"])


def _phase_1(alternatives_of):
    for row in _rows("phase1_train_reconstructed.jsonl"):
        label, question = row["label"], row["question"]
        steps = label["steps"][:-1] if row["reconstruction"].get("last_two_steps_may_be_merged") else label["steps"]
        if steps and label["finish_reason"] in FINISHED:
            kept = [
                _taken(step, with_others=bool(alternatives_of) and place % alternatives_of == 0)
                for place, step in enumerate(steps)
            ]
            yield _record(question["problem"], question["ground_truth_answer"], kept, label["finish_reason"])


def _taken(step, *, with_others):
    """The step with the completion that was chosen first, and the others behind it or not at all."""
    completions, chosen, human = step["completions"] or [], step["chosen_completion"], step["human_completion"]
    rated = [one for place, one in enumerate(completions) if place != chosen and one["rating"] is not None]
    first = [] if chosen is None else [completions[chosen]]
    if human is not None and chosen is None:
        return _step(rated if with_others else [], None, human if isinstance(human, str) else human["text"])
    # Where the record ends at an error nothing was chosen: one rated completion stays, as the path's last step.
    others = rated if with_others else rated[: 1 - len(first)]
    return _step([*first, *others], 0 if first else None)


def _step(completions, chosen, human=None):
    written = [{"text": one["text"], "rating": one["rating"], "flagged": None} for one in completions]
    return {"completions": written, "human_completion": human, "chosen_completion": chosen}


def _record(problem, answer, steps, finish_reason):
    return {
        "labeler": "00000000-0000-4000-8000-000000000000",
        "timestamp": "2022-01-01T00:00:00.000000",
        "generation": None,
        "is_quality_control_question": False,
        "is_initial_screening_question": False,
        "question": {"problem": problem, "ground_truth_answer": answer},
        "label": {"steps": steps, "total_time": 0, "finish_reason": finish_reason},
    }


def _rows(name):
    with (FOLDER / name).open() as lines:
        yield from map(json.loads, lines)


if __name__ == "__main__":
    main()
