"""Composite foreign keys (project, id): a row can only point at rows of its own project."""

from django.db import migrations

# (table, column, table pointed at)
WALLS = [
    ("solution", "problem_id", "problem"),
    ("round", "job_id", "job"),
    ("round", "snapshot_id", "snapshot"),
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


def wall(table, column, target):
    name = f"{table}_{column}_stays_in_its_project"
    return migrations.RunSQL(
        f"ALTER TABLE annotation_{table} ADD CONSTRAINT {name} FOREIGN KEY (project_id, {column})"
        f" REFERENCES annotation_{target} (project_id, id) DEFERRABLE INITIALLY IMMEDIATE",
        f"ALTER TABLE annotation_{table} DROP CONSTRAINT {name}",
    )


class Migration(migrations.Migration):
    dependencies = [("annotation", "0001_initial")]
    operations = [wall(*columns) for columns in WALLS]
