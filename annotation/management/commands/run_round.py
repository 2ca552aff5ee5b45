import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from annotation.management.projects import find_project
from annotation.models import Job, Round
from annotation.models.jobs import FINISHED, JobState
from annotation.services import rounds
from annotation.services.refusal import Refusal

TELL_SECONDS = 10.0  # how far a stage is


class Command(BaseCommand):
    help = "Start a retrain round; a worker trains, scores, selects and fills the queue."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--project", required=True, help="its short name")
        parser.add_argument("--problems", type=int, help="how many problems at most; default: the project's setting")
        parser.add_argument("--per-problem", type=int, help="solutions of each; default: the project's setting")
        parser.add_argument("--seed", type=int, help="default: drawn, and written into the round")
        parser.add_argument("--by-chance", action="store_true", help="train nothing and choose at random")
        parser.add_argument("--wait", action="store_true", help="show the progress until the round has ended")

    def handle(self, *args: Any, **options: Any) -> None:
        project = find_project(options["project"])
        if any(options[name] is not None and options[name] < 1 for name in ("problems", "per_problem")):
            raise CommandError("A round takes at least one problem, and one solution of each.")
        try:
            started = rounds.start_round(
                project=project,
                by=None,
                problems=options["problems"],
                per_problem=options["per_problem"],
                seed=options["seed"],
                by_chance=options["by_chance"],
            )
        except Refusal as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(f"Round {started.number} is started.")
        if options["wait"]:
            self._watch(started)

    def _watch(self, started: Round) -> None:
        """Raises CommandError if the round fails."""
        stage, told, told_at = "", "", 0.0
        while (job := Job.objects.get(pk=started.job_id)).state not in FINISHED:
            now = "waits for a worker" if job.state == JobState.QUEUED else job.stage
            line = f"  {now}" + (f": {job.done:,} of {job.total:,}" if job.total else "")
            if now and line != told and (now != stage or time.monotonic() - told_at > TELL_SECONDS):
                self.stdout.write(line)
                stage, told, told_at = now, line, time.monotonic()
            time.sleep(0.5)
        if job.state != JobState.DONE:
            raise CommandError(job.error or f"The round was {job.state}.")
        ended = Round.objects.select_related("selector").get(pk=started.pk)
        how = "by the selector" if ended.selector else "by chance, as no selector was trained"
        queued = ended.report["queued"]
        wait = "1 solution waits" if queued == 1 else f"{queued} solutions wait"
        self.stdout.write(
            f"{wait} for labelers, chosen {how} from {ended.report['pool']}; "
            f"{ended.report['wrong_answer']} of them have a wrong answer."
        )
