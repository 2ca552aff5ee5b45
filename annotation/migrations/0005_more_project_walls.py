"""Composite foreign keys for the tables that came with options, messages and disputes; as in migration 0002."""

from django.db import migrations

# (table, column, table pointed at, its column)
WALLS = [
    ("optionset", "problem_id", "problem", "id"),
    ("optionset", "job_id", "job", "id"),
    ("critique", "solution_id", "solution", "id"),
    ("dispute", "label_id", "label", "id"),
    ("message", "labeler_id", "labeler", "id"),
    ("message", "answers_id", "message", "id"),
    ("message", "label_id", "label", "id"),
    ("acknowledgement", "labeler_id", "labeler", "id"),
    ("acknowledgement", "version", "instructions", "version"),
]


def wall(table, column, target, key):
    name = f"{table}_{column}_stays_in_its_project"
    return migrations.RunSQL(
        f"ALTER TABLE annotation_{table} ADD CONSTRAINT {name} FOREIGN KEY (project_id, {column})"
        f" REFERENCES annotation_{target} (project_id, {key}) DEFERRABLE INITIALLY IMMEDIATE",
        f"ALTER TABLE annotation_{table} DROP CONSTRAINT {name}",
    )


class Migration(migrations.Migration):
    dependencies = [("annotation", "0004_options_messages_disputes")]
    operations = [wall(*columns) for columns in WALLS]
