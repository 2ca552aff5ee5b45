"""What a program of a generator has written so far, in a folder of its own. A worker that dies leaves it to the next
one, and a job that failed to whoever goes on with it: it was paid for."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.models import QuerySet

from annotation.models import AutomaticSource, Sampling
from annotation.models.jobs import JobState
from annotation.services.export_files import new_file
from workers.duty import Duty

OVER = [JobState.DONE, JobState.CANCELLED]


def folder_of(made: AutomaticSource | Sampling) -> Path:
    return _shelf(type(made)) / str(made.pk)


def written(duty: Duty, out: Path, arguments: Sequence[str], *, stage: str) -> dict[str, Any]:
    """Run the program unless its output is there; what it told last. Raises what Duty.run_child raises."""
    told = out.with_name("told.json")
    if not out.exists():
        last = duty.run_child(arguments, stage=stage)
        with new_file(told) as file:
            file.write(json.dumps(last).encode())
    found: dict[str, Any] = json.loads(told.read_bytes()) if told.exists() else {}
    return {key: value for key, value in found.items() if key != "stage"}


def tidy(made: AutomaticSource | Sampling) -> None:
    shutil.rmtree(folder_of(made), ignore_errors=True)


def tidy_all(kind: type[AutomaticSource] | type[Sampling]) -> None:
    """The same for those whose worker died between their end and this."""
    there = {path.name: path for path in _shelf(kind).glob("*") if path.name.isdecimal()}
    over: QuerySet[Any] = kind._default_manager.filter(pk__in=there, job__state__in=OVER)
    for one in over:
        tidy(one)


def _shelf(kind: type[AutomaticSource] | type[Sampling]) -> Path:
    return Path(settings.DATA_DIR, "automatic" if kind is AutomaticSource else "sampling")
