"""The whole loop without a browser: import, label, retrain, refill, export, and a check of all of it.

Round 0 of a project fills its queue at random. Generation g is: scripted labelers empty the queue over HTTP, then
round g trains the selector on all labels so far and fills the queue again. So the first generation's selector has
seen one labeling and the third one's has seen three; all of them are measured on the same held-out problems.
"""

import json
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

from active_learning.domains import chains
from active_learning.records import dump
from workers.browser import Browser
from workers.tour_export import check_export
from workers.tour_site import Site, TourFailed, starting_site

LEAST_AUC = 0.75  # of the last generation's selector
HELD_OUT_PROBLEMS, HELD_OUT_SOLUTIONS, HELD_OUT_SEED = 60, 4, 1_000_000
NOISE = 0.05  # of the labelers, per step
ROUND_SECONDS = 240.0
LOOK_SECONDS = 0.2

Say = Callable[[str], None]


@dataclass(frozen=True)
class Plan:
    seeds: int = 3  # a project each
    problems: int = 40
    per_problem: int = 16  # solutions in the pool
    generations: int = 3


@dataclass(frozen=True)
class Generation:
    labels: int  # in this generation
    wrong_share: float  # wrong-answer solutions among those that were in the queue
    auc: float
    f1: float
    seconds: float


@dataclass(frozen=True)
class Project:
    seed: int
    generations: list[Generation]
    export: str

    @property
    def has_learned(self) -> bool:
        first, last = self.generations[0].auc, self.generations[-1].auc
        return last > first and last > LEAST_AUC


def run(plan: Plan, *, keep: bool, say: Say) -> bool:
    """Tour all projects side by side; whether every selector has learned. Raises TourFailed, StartFailed, SiteFailed."""
    started = time.monotonic()
    with _folder(keep, say) as folder, starting_site(folder) as site:
        held_out = write_held_out(folder / "held_out.jsonl")  # while the site starts
        site.wait_until_ready()
        say(f"The site is ready after {time.monotonic() - started:.1f} s.")
        with ThreadPoolExecutor(plan.seeds) as threads:
            projects = list(threads.map(partial(_tour_project, site, plan, held_out, say), range(plan.seeds)))
    say("\n".join(report(projects)))
    say(f"{time.monotonic() - started:.0f} s, from nothing to nothing.")
    return all(project.has_learned for project in projects)


@contextmanager
def _folder(keep: bool, say: Say) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="stepmark-tour-"))
    try:
        yield folder
    finally:
        if keep:
            say(f"All files are kept in {folder}")
        else:
            shutil.rmtree(folder)


def write_held_out(path: Path) -> Path:
    """Solutions of problems of their own with the oracle's labels, the same for every tour; PRM800K lines."""
    from active_learning.simulate import label, make_pool

    rng = Random(HELD_OUT_SEED)
    pool = make_pool(HELD_OUT_PROBLEMS, HELD_OUT_SOLUTIONS, 0.12, rng)
    path.write_text("".join(dump(label(one, noise=0.0, generation=0, rng=rng)) + "\n" for one in pool))
    return path


def _tour_project(site: Site, plan: Plan, held_out: Path, say: Say, seed: int) -> Project:
    slug = f"tour-{seed}"
    _import(site, plan, slug, seed, held_out)
    link = site.manage("invite", f"{slug}@example.org", "--project", slug, "--role", "ml", "--base-url", site.url)
    with closing(site.accept_invitation(link, f"ml-of-{slug}")) as ml:
        filled = _run_round(ml, slug, 0, seed)
        generations = []
        for number in range(1, plan.generations + 1):
            started = time.monotonic()
            labels = _label(site, slug, seed, wanted=filled["queued"])
            wrong_share = filled["wrong_answer"] / filled["queued"]
            filled = _run_round(ml, slug, number, seed)
            measured = _evaluate(site, slug, number, held_out)
            seconds = time.monotonic() - started
            generations.append(
                Generation(labels, wrong_share, measured["step_auc"], measured["first_error_f1"], seconds)
            )
            say(f"{slug}: generation {number} of {plan.generations} after {seconds:.1f} s")
    return Project(seed, generations, check_export(site, slug))


def _import(site: Site, plan: Plan, slug: str, seed: int, held_out: Path) -> None:
    folder = site.folder / slug
    amount = ("--problems", plan.problems, "--solutions", plan.per_problem, "--seed", seed)
    site.science("toy", "--out", folder, *amount)
    if shared := _problems(folder / "problems.jsonl") & _problems(held_out):
        raise TourFailed(f"{slug} would train on {len(shared)} of the held-out problems.")
    site.manage("createproject", slug)
    site.manage("import_problems", "--project", slug, folder / "problems.jsonl")
    site.manage("import_solutions", "--project", slug, folder / "solutions.jsonl")
    count = "SELECT count(*) FROM annotation_solution JOIN annotation_project p ON p.id = project_id WHERE p.slug = %s"
    [(there,)] = site.rows(count, slug)
    _require(there == plan.problems * plan.per_problem, f"{slug} has {there} solutions after the import.")


def _problems(path: Path) -> set[chains.Chain]:
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    return {chains.read_problem(row["problem"] if "problem" in row else row["question"]["problem"]) for row in rows}


def _label(site: Site, slug: str, seed: int, *, wanted: int) -> int:
    """Let the scripted labelers empty the queue, each solution once."""
    people = ("--base-url", site.url, "--labelers", 4, "--noise", NOISE, "--seed", seed, "--json")
    figures = json.loads(site.manage("simulate_labelers", "--project", slug, *people))
    labels: int = figures["labels"]
    _require(labels == wanted, f"{labels} labels of {slug} were given where {wanted} solutions waited.")
    _require(not figures["late"] and not figures["lost"], f"Labelers of {slug} lost their leases: {figures}")
    return labels


def _run_round(ml: Browser, slug: str, number: int, seed: int) -> dict[str, Any]:
    """Start a round as ML staff do, and give its report when a worker has finished it."""
    rounds = f"/api/v1/projects/{slug}/rounds"
    started = ml.post(rounds, {"problems": 1_000_000, "per_problem": 1, "seed": seed})
    _require(started.status == 201, f"Round {number} of {slug} did not start: {started.body}")
    deadline = time.monotonic() + ROUND_SECONDS
    while (seen := ml.get(f"{rounds}/{number}").body)["state"] == "running":
        _require(time.monotonic() < deadline, f"Round {number} of {slug} has not ended in time: {seen}")
        time.sleep(LOOK_SECONDS)
    _require(seen["state"] == "done", f"Round {number} of {slug} {seen['state']}: {seen['job']['error']}")
    done: dict[str, Any] = seen["report"]
    return done


def _evaluate(site: Site, slug: str, number: int, held_out: Path) -> dict[str, Any]:
    """Figures of a round's selector, with the threshold that its training chose on validation problems of its own."""
    found = site.rows(
        "SELECT checkpoint FROM annotation_modelversion v JOIN annotation_round r ON r.id = v.round_id "
        "JOIN annotation_project p ON p.id = r.project_id WHERE p.slug = %s AND r.number = %s AND v.state = 'active'",
        slug,
        number,
    )
    _require(len(found) == 1, f"Round {number} of {slug} left {len(found)} active selectors.")
    output = site.science("evaluate", "--checkpoint", site.data / found[0][0], "--records", held_out)
    metrics: dict[str, Any] = json.loads(output.splitlines()[-1])["metrics"]
    return metrics


def _require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise TourFailed(otherwise)


def report(projects: Sequence[Project]) -> Iterator[str]:
    """The table and what came of each project, as lines of plain text."""
    yield ""
    yield "project  generation  labels  wrong-answer  step AUC  first-error F1  seconds"
    for project in projects:
        for number, one in enumerate(project.generations, start=1):
            yield (
                f"tour-{project.seed:<2}  {number:>10}  {one.labels:>6}  {one.wrong_share:>12.0%}  {one.auc:>8.3f}"
                f"  {one.f1:>14.3f}  {one.seconds:>7.1f}"
            )
    yield ""
    for project in projects:
        first, last = project.generations[0].auc, project.generations[-1].auc
        verdict = "learned" if project.has_learned else f"HAS NOT LEARNED (wanted: more, and above {LEAST_AUC})"
        yield f"tour-{project.seed}: step AUC {first:.3f} → {last:.3f}, {verdict}; export: {project.export}"
