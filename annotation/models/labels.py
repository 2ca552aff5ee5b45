import pgtrigger
from django.apps import apps
from django.conf import settings
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_noop as _  # pages translate the reasons; manifests hold them as they are

APPEND_ONLY = pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)


class FinishReason(models.TextChoices):
    """How a judgement ended; the values of PRM800K."""

    FOUND_ERROR = "found_error"
    SOLUTION = "solution"
    GIVE_UP = "give_up"
    BAD_PROBLEM = "bad_problem"


JUDGED = (FinishReason.FOUND_ERROR, FinishReason.SOLUTION)  # the others say nothing of where the first error is


class Origin(models.TextChoices):
    LABELER = "labeler"
    IMPORT = "import"
    REVIEWER = "reviewer", "decided by a reviewer"


class Purpose(models.TextChoices):
    """Only production labels train a model: the paper left quality control out, and screening too."""

    PRODUCTION = "production"
    QUALITY_CONTROL = "quality_control"
    SCREENING = "screening"


class LabelQuerySet(models.QuerySet["Label"]):
    def current(self) -> "LabelQuerySet":
        """Without those that a later version supersedes."""
        # NOT EXISTS, and not superseded_by=None: PostgreSQL takes that join for one row, and plans for one row.
        return self.filter(~Exists(Label.objects.filter(supersedes=OuterRef("pk"))))

    def for_training(self) -> "LabelQuerySet":
        """What the paper trained on: finished judgements made for production, of problems that are not held out, by
        labelers whom nobody excluded; of a solution that a reviewer decided, the decision alone."""
        return self.current().filter(*(~one for one in out_of_training().values()))


def out_of_training() -> dict[str, Q | Exists]:
    """Why a label that no other supersedes does not train: each reason, and which labels it is about."""
    excluded = Exists(apps.get_model("annotation", "Exclusion").objects.of_label())
    overruled = Exists(apps.get_model("annotation", "Adjudication").objects.overruling_label())
    finished = Label.objects.current().filter(finish_reason__in=JUDGED)
    # A label that came late beside the one that its slot wanted is a second opinion, for the agreement figures. Where
    # the slot has no other that could train, the first late one does.
    better = finished.filter(~excluded, Q(late=False) | Q(created_at__lt=OuterRef("created_at")), slot=OuterRef("slot"))
    return {
        _("quality control"): Q(purpose=Purpose.QUALITY_CONTROL),
        _("screening"): Q(purpose=Purpose.SCREENING),
        _("gave up"): Q(finish_reason=FinishReason.GIVE_UP),
        _("bad problem"): Q(finish_reason=FinishReason.BAD_PROBLEM),
        _("withdrawn problem"): Q(solution__problem__withdrawn_at__isnull=False),
        _("decided by a reviewer"): overruled,
        _("labeler excluded"): excluded,
        _("held-out problem"): Q(solution__problem__split="test"),
        _("late beside another label"): Q(late=True) & Q(Exists(better)),  # in this order: few are late
    }


class Label(models.Model):
    """One labeler's whole judgement of one solution. Never changed: a correction is a row that supersedes.

    The id is made in the browser, so that sending twice is harmless.
    """

    id = models.UUIDField(primary_key=True)
    project = models.ForeignKey("annotation.Project", models.PROTECT, db_index=False)  # label_by_time begins with it
    slot = models.ForeignKey("annotation.Slot", models.PROTECT, null=True, db_constraint=False)
    solution = models.ForeignKey("annotation.Solution", models.PROTECT, db_constraint=False)
    labeler = models.ForeignKey(  # label_by_labeler begins with it
        "annotation.Labeler", models.PROTECT, db_constraint=False, db_index=False
    )
    origin = models.CharField(max_length=10, choices=Origin, default=Origin.LABELER)
    purpose = models.CharField(max_length=20, choices=Purpose, default=Purpose.PRODUCTION)
    phase = models.PositiveSmallIntegerField()
    finish_reason = models.CharField(max_length=20, choices=FinishReason)
    reason = models.TextField(blank=True)
    total_time_ms = models.PositiveBigIntegerField()
    active_ms = models.PositiveBigIntegerField(null=True)
    instructions_version = models.PositiveIntegerField(null=True)
    shown = models.JSONField(default=dict)  # what the labeler saw, and when: the answer, later steps, instructions
    edits = models.JSONField(default=list)  # every rating in the order in which it was given, changed ones too
    payload_hash = models.BinaryField(max_length=32)  # tells a second arrival from another label with the same id
    late = models.BooleanField(default=False)
    supersedes = models.OneToOneField(
        "self", models.PROTECT, null=True, related_name="superseded_by", db_constraint=False
    )
    created_at = models.DateTimeField(db_default=Now())

    objects = LabelQuerySet.as_manager()

    class Meta:
        triggers = [APPEND_ONLY]
        constraints = [
            models.UniqueConstraint(name="label_wall", fields=["project", "id"]),
            models.UniqueConstraint(
                name="one_punctual_label_per_slot", fields=["slot"], condition=Q(late=False, supersedes__isnull=True)
            ),
            models.UniqueConstraint(
                name="one_label_per_labeler_and_solution",
                fields=["labeler", "solution"],
                condition=Q(origin=Origin.LABELER, supersedes__isnull=True),
            ),
            models.CheckConstraint(
                name="a_label_given_here_has_a_slot",
                condition=Q(origin__in=[Origin.IMPORT, Origin.REVIEWER], slot__isnull=True)
                | Q(origin=Origin.LABELER, slot__isnull=False),
            ),
            models.CheckConstraint(name="label_purpose_is_known", condition=Q(purpose__in=Purpose.values)),
            models.CheckConstraint(name="label_phase_is_1_or_2", condition=Q(phase__in=[1, 2])),
            models.CheckConstraint(
                name="label_finish_reason_is_known", condition=Q(finish_reason__in=FinishReason.values)
            ),
            models.CheckConstraint(
                name="giving_up_and_bad_problem_have_a_reason",
                condition=Q(origin=Origin.IMPORT) | Q(finish_reason__in=["found_error", "solution"]) | ~Q(reason=""),
            ),
            models.CheckConstraint(
                name="active_time_is_within_total_time",
                condition=Q(active_ms__isnull=True) | Q(active_ms__lte=F("total_time_ms")),
            ),
        ]
        indexes = [
            models.Index(fields=["project", "created_at"], name="label_by_time"),
            models.Index(fields=["labeler", "created_at"], name="label_by_labeler"),
            # What was labeled here, where an import has brought a million others.
            models.Index(fields=["project", "created_at"], name="label_given_here", condition=Q(origin=Origin.LABELER)),
            models.Index(
                fields=["labeler", "created_at"], name="label_given_by_labeler", condition=Q(origin=Origin.LABELER)
            ),
            # What leads read, of which there is little among millions.
            models.Index(
                fields=["project", "finish_reason", "-created_at"],
                name="label_reports",
                condition=Q(finish_reason__in=[FinishReason.GIVE_UP, FinishReason.BAD_PROBLEM]),
            ),
        ]

    def __str__(self) -> str:
        return f"label {self.pk} ({self.finish_reason})"


class StepRating(models.Model):
    """One option at one step, as the labeler left it. Option 0 of a phase-2 step is the pre-generated one."""

    label = models.ForeignKey(Label, models.PROTECT, db_index=False)  # one_rating_per_option begins with it
    step = models.PositiveSmallIntegerField()
    option = models.PositiveSmallIntegerField(default=0)
    text = models.TextField(null=True)  # noqa: DJ001 - null: the solution's own step, not stored twice
    rating = models.SmallIntegerField(null=True)
    flagged = models.BooleanField(null=True)
    chosen = models.BooleanField(default=False)
    human = models.BooleanField(default=False)
    ms = models.PositiveIntegerField(null=True)

    class Meta:
        triggers = [APPEND_ONLY]
        constraints = [
            models.UniqueConstraint(name="one_rating_per_option", fields=["label", "step", "option"]),
            models.UniqueConstraint(
                name="one_chosen_option_per_step", fields=["label", "step"], condition=Q(chosen=True)
            ),
            models.CheckConstraint(
                name="rating_is_minus_one_zero_or_one", condition=Q(rating__isnull=True) | Q(rating__in=[-1, 0, 1])
            ),
            models.CheckConstraint(name="human_step_has_text", condition=Q(human=False) | Q(text__isnull=False)),
        ]
        indexes = [
            # What reports list, of which there are few among millions.
            models.Index(fields=["label"], name="steprating_flagged", condition=Q(flagged=True)),
        ]

    def __str__(self) -> str:
        return f"{self.rating} for step {self.step}, option {self.option}"


class ExtensionKind(models.TextChoices):
    PROGRESS = "progress", "how far the solution had come"
    CRITIQUES = "critiques", "explanations of the mistake"


class LabelExtension(models.Model):
    """What a label says beyond PRM800K, whose format has no place for it."""

    label = models.ForeignKey(Label, models.PROTECT)
    kind = models.CharField(max_length=10, choices=ExtensionKind)
    body = models.JSONField()

    class Meta:
        triggers = [APPEND_ONLY]
        constraints = [
            models.UniqueConstraint(name="one_extension_of_a_kind", fields=["label", "kind"]),
            models.CheckConstraint(name="extension_kind_is_known", condition=Q(kind__in=ExtensionKind.values)),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.label_id}"


class Resolution(models.TextChoices):
    """Who was wrong where a labeler and the known answer disagreed."""

    TRUTH = "truth", "the known answer was wrong"
    GRADER = "grader", "the two answers are the same"
    LABELER = "labeler", "the labeler was wrong"


class DisputeQuerySet(models.QuerySet["Dispute"]):
    def open(self) -> "DisputeQuerySet":
        """Nobody has found out who was wrong."""
        return self.filter(resolution="")

    def labeler_was_wrong(self) -> "DisputeQuerySet":
        """About labels of phase 2 that missed an error and stand as they are: a reviewer is to decide."""
        corrected = Label.objects.filter(supersedes=OuterRef("label"))
        return self.filter(~Exists(corrected), resolution=Resolution.LABELER, label__phase=2)


class Dispute(models.Model):
    """Somebody accepted every step of a solution whose answer is not the one that the problem is thought to have."""

    project = models.ForeignKey("annotation.Project", models.PROTECT)
    label = models.OneToOneField(Label, models.PROTECT, db_constraint=False)
    answer = models.TextField()  # what the solution ends with
    created_at = models.DateTimeField(db_default=Now())
    resolution = models.CharField(max_length=10, choices=Resolution, blank=True, default="", db_default="")
    resolved_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    resolved_at = models.DateTimeField(null=True)

    objects = DisputeQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="dispute_resolution_is_known", condition=Q(resolution__in=["", *Resolution.values])
            ),
            models.CheckConstraint(
                name="dispute_is_resolved_at_a_time",
                condition=Q(resolution="", resolved_at__isnull=True)
                | (~Q(resolution="") & Q(resolved_at__isnull=False)),
            ),
        ]
        indexes = [models.Index(fields=["project", "-created_at"], name="dispute_by_time")]

    def __str__(self) -> str:
        return f"dispute about label {self.label_id}"


class UngradedAnswer(models.Model):
    """What a labeler came to in a dialogue, and what a worker has yet to compare with the known answer."""

    label = models.OneToOneField(Label, models.PROTECT, primary_key=True, db_constraint=False)
    project = models.ForeignKey("annotation.Project", models.PROTECT)
    answer = models.TextField()

    def __str__(self) -> str:
        return f"answer of label {self.label_id}"


class ImportedRecord(models.Model):
    """The original line of an imported label, kept as it came, so that the export gives it back byte for byte."""

    label = models.OneToOneField(Label, models.PROTECT, primary_key=True, db_constraint=False)
    project = models.ForeignKey("annotation.Project", models.PROTECT)
    line = models.TextField()
    line_hash = models.BinaryField(max_length=32)  # SHA-256 of the line
    source = models.CharField(max_length=200)
    batch = models.ForeignKey("annotation.ImportBatch", models.PROTECT, null=True, db_constraint=False)
    number = models.PositiveBigIntegerField()  # line number in the source, from 1

    class Meta:
        triggers = [APPEND_ONLY]
        constraints = [
            models.UniqueConstraint(name="imported_line_is_unique", fields=["project", "line_hash"]),
            models.CheckConstraint(name="imported_line_number_starts_at_1", condition=Q(number__gte=1)),
        ]

    def __str__(self) -> str:
        return f"{self.source}:{self.number}"
