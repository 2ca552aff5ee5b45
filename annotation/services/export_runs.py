"""One run over what an export holds: lines into files, and what its manifest says of them."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from annotation.models import AutomaticLabel, AutomaticSource, Label, ModelVersion, Project, SolutionScore
from annotation.models.snapshots import Format, View
from annotation.queries.undecided import undecided
from annotation.services import automatic_files, export_card, export_contents, export_parquet, export_samples
from annotation.services.export_contents import Contents
from annotation.services.export_dialogues import graded_as_they_end
from annotation.services.export_files import packed
from annotation.services.export_manifest import ExportedFile, Manifest, Tally, Totals, models
from annotation.services.export_orders import Order, Past
from annotation.services.export_views import lines_of, lines_of_view
from annotation.services.export_writers import Files, facts, writer_for

TOLD_EVERY = 500  # labels

T = TypeVar("T")
Tell = Callable[[int, int], None]  # done, in all


@dataclass(frozen=True)
class Run:
    project: Project
    order: Order
    folder: Path
    past: Past
    tell: Tell | None
    earlier: Path | None  # the contents of the export that is to be made again

    @contextmanager
    def contents(self) -> Iterator[Contents]:
        with self.contents_path.open("wb") as file, packed(file) as stream:
            yield Contents(stream)

    @property
    def contents_path(self) -> Path:
        return self.folder / export_contents.NAME

    def watched(self, things: Iterator[T], count: Callable[[], int]) -> Iterator[T]:
        """The same things; says from time to time how many there were."""
        tell = self.tell
        if tell is None:
            yield from things
            return
        total = self.past.lines or count()
        for number, one in enumerate(things):
            if number % TOLD_EVERY == 0:
                tell(min(number, total), total)
            yield one


def write_labels(run: Run) -> Manifest:
    """Raises BrokenLabel, ParquetMissing, ContentsGone."""
    order, excluded, totals = run.order, Counter[str](), Totals()
    with_versions = {"pyarrow": export_parquet.version()} if order.format == Format.PARQUET else {}
    if run.earlier:
        lines = lines_of(export_contents.rows_of(run.earlier))
    else:
        lines = graded_as_they_end(lines_of_view(project=run.project, view=order.view, excluded=excluded))
    with ExitStack() as stack:
        writer = writer_for(order, stack, run.folder, run.project.slug)
        contents = stack.enter_context(run.contents())
        for line in run.watched(lines, Label.objects.filter(project=run.project).count):
            contents.add(line.row)
            if reason := writer.add(line):
                excluded[reason] += 1
            else:
                totals.add(line)
    made = Manifest(
        files=writer.finished(),
        excluded=_excluded(run, excluded),
        undecided=_undecided(run),
        extensions=writer.finished_extensions(),
        written_with=with_versions,
        **totals.facts(),
        **_common(run),
    )
    return _with_card(made, run.folder)


def write_samples(run: Run, version: ModelVersion) -> Manifest:
    """Raises ContentsGone."""
    lines, excluded = Counter[str](), Counter[str]()
    if run.earlier:
        samples = export_samples.samples_again(version=version, contents=run.earlier)
    else:
        samples = export_samples.samples(project=run.project, version=version, view=run.order.view, excluded=excluded)
    scored = SolutionScore.objects.filter(project=run.project, version=version)
    with ExitStack() as stack:
        files = Files(stack, run.folder, run.order.gzip)
        contents = stack.enter_context(run.contents())
        for sample in run.watched(samples, scored.count):
            contents.add(sample)
            name = files.name(f"scored-samples_{sample.split}")
            files.write(name, sample.text)
            lines[name] += 1
    made = Manifest(
        files=[
            ExportedFile(**files.facts(name), lines=count, finish_reasons={}, ratings={})
            for name, count in sorted(lines.items())
        ],
        labels=0,
        labelers=0,
        excluded=_excluded(run, excluded),
        instructions_versions=[],
        rounds=[],
        selectors=[version.pk],
        models=models([version.pk]),
        balance={},
        **_common(run),
    )
    return _with_card(made, run.folder)


def write_automatic(run: Run, source: AutomaticSource) -> Manifest:
    """Lines of one source alone, each of which names it."""
    excluded, tally = Counter[str](), Tally()
    lines = automatic_files.dataset_lines(
        source=source, format=run.order.format, task=run.project.slug, left_out=excluded
    )
    with ExitStack() as stack:
        files = Files(stack, run.folder, run.order.gzip)
        name = files.name("automatic_train")
        for one in run.watched(lines, AutomaticLabel.objects.filter(source=source).count):
            files.write(name, json.dumps(one.row))
            tally.lines += 1
            tally.ratings.update(one.ratings)
    told = {"name": source.name, "kind": source.kind, "asked": source.asked, "version": source.version_id}
    made = Manifest(
        files=[ExportedFile(**files.facts(name), **tally.facts())] if tally.lines else [],
        labels=0,
        labelers=0,
        excluded=dict(sorted(excluded.items())),
        instructions_versions=[],
        rounds=[],
        selectors=[],
        models=models([source.version_id] if source.version_id else []),
        balance={},
        automatic=told,
        **_common(run),
    )
    return _with_card(made, run.folder)


def _excluded(run: Run, counted: Counter[str]) -> dict[str, int]:
    """Who repeats an export does not meet what was left out of it."""
    return run.past.excluded if run.earlier else dict(sorted(counted.items()))


def _undecided(run: Run) -> dict[str, int] | None:
    """Of what a model may learn from; who repeats an export says what was so then."""
    if run.earlier:
        return run.past.undecided
    if run.order.view != View.TRAINING:
        return None
    found = undecided(run.project)
    return {"labels": found.labels, "solutions": found.solutions}


def _common(run: Run) -> dict[str, Any]:
    return {
        "project": run.project.slug,
        "name": run.past.name,
        "view": run.order.view.value,
        "format": run.order.format.value,
        "neutral": run.order.neutral.value,
        "created_at": run.past.created_at,
        "contents": facts(run.contents_path) if run.contents_path.exists() else None,
    }


def _with_card(manifest: Manifest, folder: Path) -> Manifest:
    path = folder / export_card.NAME
    path.write_text(export_card.card(manifest))
    return replace(manifest, card=facts(path))
