"""Indexes that another one begins with are gone, and the end of a lease is in none; see annotation/models/slots.py.

Each statement by itself, so that none waits for one table while it holds another, as labelers at work do: in one transaction
these and theirs were a deadlock. So one that was cut off goes on where it was.
"""

from django.db import migrations, models
from django.db.models import PROTECT

# Dropped by their names: to alter a foreign key Django would make its constraint anew, and look through all ratings for it.
SPARE = {
    "slot_lease_end": "annotation_slot (lease_until) WHERE state = 'leased'",
    "annotation_label_labeler_id_2372d9b1": "annotation_label (labeler_id)",
    "annotation_label_project_id_fdcc59fe": "annotation_label (project_id)",
    "annotation_slot_lease_owner_id_34c08a42": "annotation_slot (lease_owner_id)",
    "annotation_slot_project_id_2d44dcf6": "annotation_slot (project_id)",
    "annotation_slot_round_id_b393d7bc": "annotation_slot (round_id)",
    "annotation_steprating_label_id_2b5ba5fc": "annotation_steprating (label_id)",
}


def foreign_key(to, **options):
    return models.ForeignKey(to=f"annotation.{to}", on_delete=PROTECT, db_index=False, **options)


class Migration(migrations.Migration):
    atomic = False
    dependencies = [
        ("annotation", "0001_squashed_0023_pulses"),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(
                    "CREATE INDEX IF NOT EXISTS slot_leased ON annotation_slot (lease_owner_id) WHERE state = 'leased'",
                    "DROP INDEX IF EXISTS slot_leased",
                ),
                *(
                    migrations.RunSQL(f"DROP INDEX IF EXISTS {name}", f"CREATE INDEX IF NOT EXISTS {name} ON {columns}")
                    for name, columns in SPARE.items()
                ),
            ],
            state_operations=[
                migrations.AddIndex(
                    "slot",
                    models.Index(condition=models.Q(("state", "leased")), fields=["lease_owner"], name="slot_leased"),
                ),
                migrations.RemoveIndex("slot", "slot_lease_end"),
                migrations.AlterField("label", "labeler", foreign_key("labeler", db_constraint=False)),
                migrations.AlterField("label", "project", foreign_key("project")),
                migrations.AlterField("slot", "lease_owner", foreign_key("labeler", db_constraint=False, null=True)),
                migrations.AlterField("slot", "project", foreign_key("project")),
                migrations.AlterField("slot", "round", foreign_key("round", db_constraint=False, null=True)),
                migrations.AlterField("steprating", "label", foreign_key("label")),
            ],
        ),
    ]
