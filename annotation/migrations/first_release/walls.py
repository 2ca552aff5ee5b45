"""Composite foreign keys (project, id): a row can only point at rows of its own project."""

from django.db.migrations import RunSQL

# (table, column, table pointed at, its column if that is not its id); each group came with a migration of its own.
OF_THE_QUEUE = [
    ("solution", "problem_id", "problem"),
    ("round", "job_id", "job"),
    ("round", "selector_id", "modelversion"),
    ("snapshot", "job_id", "job"),
    ("modelversion", "round_id", "round"),
    ("slot", "solution_id", "solution"),
    ("slot", "round_id", "round"),
    ("slot", "lease_owner_id", "labeler"),
    ("label", "slot_id", "slot"),
    ("label", "solution_id", "solution"),
    ("label", "labeler_id", "labeler"),
    ("label", "supersedes_id", "label"),
    ("importedrecord", "label_id", "label"),
    ("solutionscore", "solution_id", "solution"),
    ("solutionscore", "version_id", "modelversion"),
]
OF_MESSAGES = [
    ("optionset", "problem_id", "problem"),
    ("optionset", "job_id", "job"),
    ("critique", "solution_id", "solution"),
    ("dispute", "label_id", "label"),
    ("message", "labeler_id", "labeler"),
    ("message", "answers_id", "message"),
    ("message", "label_id", "label"),
    ("acknowledgement", "labeler_id", "labeler"),
    ("acknowledgement", "version", "instructions", "version"),
]
OF_THE_LEADS_DESK = [
    ("gold", "solution_id", "solution"),
    ("goldjudgement", "gold_id", "gold"),
    ("goldjudgement", "label_id", "label"),
    ("goldjudgement", "labeler_id", "labeler"),
    ("exclusion", "labeler_id", "labeler"),
    ("adjudication", "solution_id", "solution"),
    ("adjudication", "reviewer_id", "labeler"),
    ("adjudication", "label_id", "label"),
    ("flagreview", "message_id", "message"),
    ("truthchange", "problem_id", "problem"),
    ("importbatch", "job_id", "job"),
    ("problem", "batch_id", "importbatch"),
    ("solution", "batch_id", "importbatch"),
    ("importedrecord", "batch_id", "importbatch"),
    ("snapshot", "repeats_id", "snapshot"),
]
OF_DISAGREEMENTS = [("disagreement", "solution_id", "solution")]
OF_PUBLICATIONS = [("publication", "snapshot_id", "snapshot"), ("publication", "job_id", "job")]
OF_UNGRADED_ANSWERS = [("ungradedanswer", "label_id", "label")]
OF_WHAT_IS_PUT_BACK = [("putback", "solution_id", "solution"), ("putback", "reviewer_id", "labeler")]
OF_AUTOMATIC_LABELS = [
    ("automaticsource", "version_id", "modelversion"),
    ("automaticsource", "job_id", "job"),
    ("automaticlabel", "source_id", "automaticsource"),
    ("automaticlabel", "solution_id", "solution"),
    ("sampling", "job_id", "job"),
    ("sampling", "batch_id", "importbatch"),
    ("snapshot", "automatic_id", "automaticsource"),
]
ALL = [
    *OF_THE_QUEUE,
    *OF_MESSAGES,
    *OF_THE_LEADS_DESK,
    *OF_DISAGREEMENTS,
    *OF_PUBLICATIONS,
    *OF_UNGRADED_ANSWERS,
    *OF_WHAT_IS_PUT_BACK,
    *OF_AUTOMATIC_LABELS,
]


def wall(table, column, target, key="id"):
    name = f"{table}_{column}_stays_in_its_project"
    return RunSQL(
        f"ALTER TABLE annotation_{table} ADD CONSTRAINT {name} FOREIGN KEY (project_id, {column})"
        f" REFERENCES annotation_{target} (project_id, {key}) DEFERRABLE INITIALLY IMMEDIATE",
        f"ALTER TABLE annotation_{table} DROP CONSTRAINT {name}",
    )


def built(walls):
    return [wall(*columns) for columns in walls]
