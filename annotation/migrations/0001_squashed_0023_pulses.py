"""What the 23 migrations before the first release come to, for a database in which none of them has run.

A database that has run some of them goes on by them, one by one: Django sees to that.
"""

from django.db import migrations

from annotation.migrations.first_release import (
    datasets,
    events,
    jobs,
    labels,
    messages,
    people,
    problems,
    projects,
    quality,
    queue,
    rounds,
    walls,
)
from annotation.migrations.first_release.together import CreateTogether


class Migration(migrations.Migration):
    initial = True

    replaces = [
        ("annotation", "0001_initial"),
        ("annotation", "0002_project_walls"),
        ("annotation", "0003_policies_of_labeling"),
        ("annotation", "0004_options_messages_disputes"),
        ("annotation", "0005_more_project_walls"),
        ("annotation", "0006_selection_and_gate"),
        ("annotation", "0007_refill_and_bounds"),
        ("annotation", "0008_pace_of_jobs"),
        ("annotation", "0009_lead_desk"),
        ("annotation", "0010_lead_desk_walls"),
        ("annotation", "0011_outside_identities"),
        ("annotation", "0012_tallies_of_the_desk"),
        ("annotation", "0013_disputes_are_resolved"),
        ("annotation", "0014_disagreements_are_noted"),
        ("annotation", "0015_picks_page_by_page"),
        ("annotation", "0016_datasets_are_published"),
        ("annotation", "0017_reports_by_an_index"),
        ("annotation", "0018_proven_emails"),
        ("annotation", "0019_webhooks"),
        ("annotation", "0020_put_back_restored_ungraded"),
        ("annotation", "0021_automatic_labels"),
        ("annotation", "0022_sampling_report"),
        ("annotation", "0023_pulses"),
    ]

    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("pghistory", "0007_auto_20250421_0444"),
    ]

    operations = [
        CreateTogether(
            [
                *projects.TABLES,
                *people.TABLES,
                *jobs.TABLES,
                *problems.TABLES,
                *rounds.TABLES,
                *datasets.TABLES,
                *queue.TABLES,
                *labels.TABLES,
                *quality.TABLES,
                *messages.TABLES,
                *events.TABLES,
            ]
        ),
        *walls.built(walls.ALL),
    ]
