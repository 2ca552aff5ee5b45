"""Every task: a wake-up without meaning, after which the worker looks into PostgreSQL."""

from workers.tasks.automatic import run_automatic
from workers.tasks.exports import run_exports
from workers.tasks.grading import run_grading
from workers.tasks.imports import run_imports
from workers.tasks.options import run_options
from workers.tasks.refills import run_refills
from workers.tasks.rounds import run_rounds
from workers.tasks.sampling import run_sampling
from workers.tasks.sweep import sweep
from workers.tasks.tallies import renew_tallies
from workers.tasks.visits import forget_visits
from workers.tasks.webhooks import run_webhooks

__all__ = [
    "forget_visits",
    "renew_tallies",
    "run_automatic",
    "run_exports",
    "run_grading",
    "run_imports",
    "run_options",
    "run_refills",
    "run_rounds",
    "run_sampling",
    "run_webhooks",
    "sweep",
]
