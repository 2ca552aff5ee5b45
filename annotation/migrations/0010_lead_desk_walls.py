"""Composite foreign keys for the tables of the lead's desk; as in migration 0002."""

from django.db import migrations

# (table, column, table pointed at)
WALLS = [
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


def wall(table, column, target):
    name = f"{table}_{column}_stays_in_its_project"
    return migrations.RunSQL(
        f"ALTER TABLE annotation_{table} ADD CONSTRAINT {name} FOREIGN KEY (project_id, {column})"
        f" REFERENCES annotation_{target} (project_id, id) DEFERRABLE INITIALLY IMMEDIATE",
        f"ALTER TABLE annotation_{table} DROP CONSTRAINT {name}",
    )


class Migration(migrations.Migration):
    dependencies = [("annotation", "0009_lead_desk")]
    operations = [wall(*columns) for columns in WALLS]
