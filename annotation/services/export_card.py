"""README.md beside the files: the dataset card that the Hugging Face Hub shows, made from the manifest alone."""

import re

from annotation.models.problems import Split
from annotation.models.snapshots import Format, NeutralAs, View
from annotation.services.export_manifest import Manifest

NAME = "README.md"
SIZES = [(1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M")]
LARGEST = "1M<n<10M"
FRONT = re.compile(r"---\n(.*?)^---[ ]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
ENTRY = re.compile(r"^(?=[^\s#-][^:\n]*:)", re.MULTILINE)
OF_THE_FILES = {"size_categories", "configs"}
WHAT = {
    Format.PRM800K: "One label a line, in the format of PRM800K (Lightman et al., arXiv 2305.20050): all ratings of all "
    "steps, as they were given. Lines of phase 1 and of phase 2 have different keys and stand in files of their own.",
    Format.PARQUET: "One label a row, with the fields of a PRM800K line; what a phase-1 line lacks is null.",
    Format.TRL: "TRL's stepwise supervision: `prompt`, `completions`, `labels`; a row for each path through the rated steps, "
    "alternatives included. A path ends at its first error.",
    Format.MATH_SHEPHERD: "The format of Math-Shepherd: in `input` each step ends with ки, in `label` with + or - in its "
    "place; a row for each path through the rated steps, alternatives included. A path ends at its first error.",
    Format.PROCESSBENCH: "The format of ProcessBench: `label` is the first wrong step, counted from 0, or -1. A row for each "
    "label, so that a solution with several labels has several rows.",
    Format.SCORED_SAMPLES: "Solutions with what a process reward model thinks of each step (`rating_probs`), in the format of "
    "PRM800K's scored samples. `prm_score` is the product over the steps of P(neutral) + P(positive).",
}
VIEWS = {
    View.RAW: "Every label as it was given, without those that their labeler corrected.",
    View.TRAINING: "What a model may learn from: finished labels of training problems, without quality control and "
    "screening.",
}
NEUTRAL = {
    NeutralAs.POSITIVE: "Neutral steps count as good, as in the paper.",
    NeutralAs.NEGATIVE: "Neutral steps count as bad.",
}

AUTOMATIC = (
    "Automatic labels, none of them by a person: the source {name} ({kind}), which each line names. Steps are good or bad, "
    "and those that the source says nothing of are left out, with all after them."
)


def card(manifest: Manifest) -> str:
    """The licence is left to whoever publishes it."""
    sections = [_front(manifest), f"# {manifest.name}", _what(manifest), *_counts(manifest), _sources(manifest)]
    return "\n\n".join(sections) + "\n"


def with_front_of(theirs: str, ours: str) -> str:
    """Our card under what the owner of a repository says at the top of the one that is there, such as the licence; what is
    said of the files is ours."""
    their_front, our_front = FRONT.match(theirs.replace("\r\n", "\n")), FRONT.match(ours)
    if not (their_front and our_front):
        return ours
    kept = [text for name, text in _entries(their_front[1]) if name not in OF_THE_FILES]
    told = [text for name, text in _entries(our_front[1]) if name in OF_THE_FILES]
    return "".join(["---\n", *kept, *told, "---\n", ours[our_front.end() :]])


def _entries(front: str) -> list[tuple[str, str]]:
    """The keys at the left edge of YAML, each with its lines."""
    return [(text.partition(":")[0].strip(), text) for text in ENTRY.split(front)]


def _front(manifest: Manifest) -> str:
    size = next((name for below, name in SIZES if manifest.lines < below), LARGEST)
    lines = [
        "---",
        "# license: choose one, and take out the sign before it",
        f"pretty_name: {_quoted(manifest.name)}",
        "tags:",
        "- process-reward-model",
        "- step-level-labels",
        "- mathematics",
        "size_categories:",
        f"- {size}",
    ]
    return "\n".join([*lines, *_configs(manifest), "---"])


def _configs(manifest: Manifest) -> list[str]:
    """One for each set of files that have the same keys."""
    configs: dict[str, list[tuple[str, str]]] = {}
    for file in manifest.files:
        stem = file.name.partition(".")[0]
        config, _, split = stem.rpartition("_")
        configs.setdefault(config or "default", []).append((split, file.name))
    if not configs:
        return []
    lines = ["configs:"]
    for config, files in configs.items():
        lines += [f"- config_name: {config}", "  data_files:"]
        for split, name in files:
            lines += [f"  - split: {split}", f"    path: {name}"]
    return lines


def _what(manifest: Manifest) -> str:
    sentences = [WHAT[Format(manifest.format)]]
    if manifest.automatic:
        sentences = [AUTOMATIC.format(**manifest.automatic)]
    elif manifest.format != Format.SCORED_SAMPLES:
        sentences += [VIEWS[View(manifest.view)], NEUTRAL.get(NeutralAs(manifest.neutral), "")]
    shown = f"It shows the project {manifest.project} as it was at {manifest.created_at}."
    return " ".join([*filter(None, sentences), shown])


def _counts(manifest: Manifest) -> list[str]:
    files = ["| file | lines | bytes | SHA-256 |", "|---|---|---|---|"]
    files += [f"| {file.name} | {file.lines} | {file.bytes} | {file.sha256} |" for file in manifest.files]
    parts = ["## Files", "\n".join(files)]
    if manifest.balance:
        rows = [
            "| phase | labels | % ending in a correct answer | rated steps | % correct steps |",
            "|---|---|---|---|---|",
        ]
        for phase, counts in manifest.balance.items():
            answers, steps = counts.correct_answers, counts.good_steps
            shares = [_percent(answers, counts.labels), counts.rated_steps, _percent(steps, counts.rated_steps)]
            rows.append(f"| {phase} | {counts.labels} | {shares[0]} | {shares[1]} | {shares[2]} |")
        told = "As in Table 3 of the paper. Correct steps are those rated neutral or positive, alternatives included."
        parts += ["## Balance", "\n".join(rows), told]
    if (disputed := manifest.undecided) and disputed["solutions"]:
        words = "whose labelers disagree and nobody has decided"
        parts += ["## In dispute", f"{disputed['labels']} labels of {disputed['solutions']} solutions {words}."]
    if manifest.excluded:
        left_out = [f"- {reason}: {count}" for reason, count in manifest.excluded.items()]
        what = "Solutions" if manifest.format == Format.SCORED_SAMPLES else "Labels"
        parts += [f"## {what} left out", "\n".join(left_out)]
    return parts


def _sources(manifest: Manifest) -> str:
    labelers = f"- labelers: {manifest.labelers}, each under a random name that stays the same in all exports"
    versions = ", ".join(map(str, manifest.instructions_versions)) or "none known"
    role = "scored the solutions" if manifest.format == Format.SCORED_SAMPLES else "chose the solutions"
    lines = (
        [] if manifest.format == Format.SCORED_SAMPLES else [labelers, f"- versions of the instructions: {versions}"]
    )
    lines += [
        f"- model {one['id']} {role}: {one['kind']} on {one['base']}, SHA-256 {one['sha256']}"
        for one in manifest.models
    ]
    if any(Split.TEST in file.name for file in manifest.files):
        lines.append("- files named test are of problems that are held out; do not train on them")
    return "## Where it comes from\n\n" + "\n".join(lines)


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f}" if whole else "–"


def _quoted(text: str) -> str:
    """A YAML string of one line."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ") + '"'
