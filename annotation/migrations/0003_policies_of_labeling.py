from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("annotation", "0002_project_walls"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="job",
            name="job_kind_is_known",
        ),
        migrations.RemoveConstraint(
            model_name="project",
            name="project_answer_policy_is_known",
        ),
        migrations.RemoveConstraint(
            model_name="slot",
            name="one_lease_per_labeler",
        ),
        migrations.AddField(
            model_name="instructions",
            name="changes",
            field=models.TextField(blank=True),
        ),
        migrations.AddField(
            model_name="instructions",
            name="must_acknowledge",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="label",
            name="edits",
            field=models.JSONField(default=list),
        ),
        migrations.AddField(
            model_name="labeler",
            name="practiced_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="problem",
            name="withdrawn_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="project",
            name="alternatives",
            field=models.PositiveSmallIntegerField(default=3),
        ),
        migrations.AddField(
            model_name="project",
            name="bad_problem_reports",
            field=models.PositiveSmallIntegerField(default=2),
        ),
        migrations.AddField(
            model_name="project",
            name="break_minutes",
            field=models.PositiveSmallIntegerField(default=25),
        ),
        migrations.AddField(
            model_name="project",
            name="critiques",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="project",
            name="generator",
            field=models.CharField(blank=True, max_length=500),
        ),
        migrations.AddField(
            model_name="project",
            name="human_step_when",
            field=models.CharField(
                choices=[
                    ("all_negative", "every option is bad (the published data)"),
                    ("no_positive", "no option is great (the first instructions)"),
                ],
                default="all_negative",
                max_length=20,
            ),
        ),
        migrations.AddField(
            model_name="project",
            name="neutral_end",
            field=models.BooleanField(default=True),
        ),
        migrations.AddField(
            model_name="project",
            name="options_per_step",
            field=models.PositiveSmallIntegerField(default=4),
        ),
        migrations.AddField(
            model_name="project",
            name="progress_points",
            field=models.PositiveSmallIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="project",
            name="reopen_hours",
            field=models.PositiveSmallIntegerField(default=24),
        ),
        migrations.AddField(
            model_name="project",
            name="stall_after",
            field=models.PositiveSmallIntegerField(default=6),
        ),
        migrations.AddField(
            model_name="slot",
            name="prefetched",
            field=models.BooleanField(default=False),
        ),
        migrations.AlterField(
            model_name="job",
            name="kind",
            field=models.CharField(
                choices=[("round", "retrain round"), ("export", "Export"), ("options", "next steps")], max_length=10
            ),
        ),
        migrations.AlterField(
            model_name="project",
            name="answer_policy",
            field=models.CharField(
                choices=[
                    ("always", "shown from the start, as in PRM800K"),
                    ("on_demand", "behind a key, and every look is recorded"),
                    ("never", "never shown"),
                ],
                default="always",
                max_length=10,
            ),
        ),
        migrations.AlterField(
            model_name="project",
            name="read_ahead",
            field=models.CharField(
                choices=[
                    ("always", "later steps stand there greyed, as in PRM800K"),
                    ("peek", "the next one behind a key, and every look is recorded"),
                    ("never", "hidden until they are reached"),
                ],
                default="always",
                max_length=10,
            ),
        ),
        # What was a yes or no is one of three policies.
        migrations.RunSQL(
            "UPDATE annotation_project SET read_ahead = CASE read_ahead WHEN 'true' THEN 'always' ELSE 'never' END",
            "UPDATE annotation_project SET read_ahead = CASE read_ahead WHEN 'never' THEN 'false' ELSE 'true' END",
        ),
        migrations.AddConstraint(
            model_name="job",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["round", "export", "options"])), name="job_kind_is_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="project",
            constraint=models.CheckConstraint(
                condition=models.Q(("answer_policy__in", ["always", "on_demand", "never"])),
                name="project_answer_policy_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="project",
            constraint=models.CheckConstraint(
                condition=models.Q(("read_ahead__in", ["always", "peek", "never"])), name="project_read_ahead_is_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="project",
            constraint=models.CheckConstraint(
                condition=models.Q(("human_step_when__in", ["all_negative", "no_positive"])),
                name="project_human_step_when_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="project",
            constraint=models.CheckConstraint(
                condition=models.Q(("progress_points__in", [0, 3, 5])), name="progress_has_0_3_or_5_points"
            ),
        ),
        migrations.AddConstraint(
            model_name="project",
            constraint=models.CheckConstraint(
                condition=models.Q(("alternatives__range", (0, 20)), ("options_per_step__range", (1, 20))),
                name="project_offers_options",
            ),
        ),
        migrations.AddConstraint(
            model_name="project",
            constraint=models.CheckConstraint(
                condition=models.Q(("bad_problem_reports__gte", 1)), name="a_bad_problem_is_reported"
            ),
        ),
        migrations.AddConstraint(
            model_name="slot",
            constraint=models.UniqueConstraint(
                condition=models.Q(("prefetched", False), ("state", "leased")),
                fields=("lease_owner",),
                name="one_lease_per_labeler",
            ),
        ),
        migrations.AddConstraint(
            model_name="slot",
            constraint=models.UniqueConstraint(
                condition=models.Q(("prefetched", True)),
                fields=("lease_owner",),
                name="one_prefetched_slot_per_labeler",
            ),
        ),
        migrations.AddConstraint(
            model_name="slot",
            constraint=models.CheckConstraint(
                condition=models.Q(("prefetched", False), ("state", "leased"), _connector="OR"),
                name="only_a_leased_slot_is_prefetched",
            ),
        ),
    ]
