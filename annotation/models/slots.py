from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Now


class SlotState(models.TextChoices):
    READY = "ready"
    LEASED = "leased"
    DONE = "done"
    VOID = "void"


class Arm(models.TextChoices):
    """Why a solution was put into the queue."""

    CONVINCING_WRONG = "convincing_wrong", "most convincing wrong answers"
    REMAINING = "remaining", "most convincing of what remained"
    UNCERTAIN = "uncertain", "least certain"
    DISAGREEMENT = "disagreement", "selectors disagree"
    RANDOM = "random"
    SCREENING = "screening"
    GOLD = "gold"
    INJECTED = "injected"
    OVERLAP = "overlap"


LEASE_FIELDS_SET = Q(lease_owner__isnull=False, lease_token__isnull=False, lease_until__isnull=False)
LEASE_FIELDS_EMPTY = Q(lease_owner__isnull=True, lease_token__isnull=True, lease_until__isnull=True)


class SlotQuerySet(models.QuerySet["Slot"]):
    def in_queue(self) -> "SlotQuerySet":
        """Without those of quality control, which every labeler gets beside the queue."""
        return self.exclude(arm__in=[Arm.GOLD, Arm.SCREENING])

    def replaceable(self) -> "SlotQuerySet":
        """What waits and gives way to a new round: not the further labels of solutions that have begun to be labeled."""
        return self.filter(state=SlotState.READY).exclude(Exists(begun()), arm=Arm.OVERLAP)

    def void_unbegun(self) -> int:
        """Those that wait or are set aside go to nobody any more; returns how many. In a transaction.

        What somebody works on stays theirs; and a slot that is locked is being given out or handed in right now, and its
        labeler may wait for a lock of ours.
        """
        unbegun = self.filter(Q(state=SlotState.READY) | Q(prefetched=True))
        in_order = unbegun.order_by("pk").select_for_update(skip_locked=True, of=("self",))
        free = list(in_order.values_list("pk", flat=True))
        no_lease = {"lease_owner": None, "lease_token": None, "lease_until": None, "prefetched": False}
        return Slot.objects.filter(pk__in=free).update(state=SlotState.VOID, **no_lease)


def begun() -> models.QuerySet["Slot"]:
    """Of the solution of an outer query: what somebody works on or has done."""
    return Slot.objects.filter(solution=OuterRef("solution"), state__in=[SlotState.LEASED, SlotState.DONE])


class Slot(models.Model):
    """One wanted label of one solution. Capacity is rows: k labels of a solution are k slots, one for each wave."""

    TRANSITIONS = {
        SlotState.READY: {SlotState.LEASED, SlotState.DONE, SlotState.VOID},
        SlotState.LEASED: {SlotState.READY, SlotState.DONE, SlotState.VOID},
        SlotState.DONE: set(),
        SlotState.VOID: set(),
    }

    # A slot changes four times on its way, and each index costs each time: where another one begins with the same column,
    # none is made for it alone.
    project = models.ForeignKey("annotation.Project", models.PROTECT, db_index=False)
    solution = models.ForeignKey("annotation.Solution", models.PROTECT, db_constraint=False)
    # None: screening, which belongs to no round.
    round = models.ForeignKey("annotation.Round", models.PROTECT, null=True, db_constraint=False, db_index=False)
    wave = models.PositiveSmallIntegerField(default=0)
    priority = models.FloatField(default=0)
    arm = models.CharField(max_length=20, choices=Arm)
    served_reason = models.JSONField(default=dict)  # score, rank, model version: for leads, never for labelers
    state = models.CharField(max_length=10, choices=SlotState, default=SlotState.READY)
    lease_owner = models.ForeignKey(
        "annotation.Labeler", models.PROTECT, null=True, db_constraint=False, db_index=False
    )
    lease_token = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)
    # Set aside for somebody who still works on another one, so that their page never waits; a short lease.
    prefetched = models.BooleanField(default=False)
    created_at = models.DateTimeField(db_default=Now())

    objects = SlotQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="slot_wall", fields=["project", "id"]),
            models.UniqueConstraint(
                name="one_slot_per_solution_and_wave",
                fields=["solution", "wave"],
                condition=~Q(state=SlotState.VOID),
            ),
            models.UniqueConstraint(
                name="one_lease_per_labeler",
                fields=["lease_owner"],
                condition=Q(state=SlotState.LEASED, prefetched=False),
            ),
            models.UniqueConstraint(
                name="one_prefetched_slot_per_labeler", fields=["lease_owner"], condition=Q(prefetched=True)
            ),
            models.CheckConstraint(
                name="only_a_leased_slot_is_prefetched", condition=Q(prefetched=False) | Q(state=SlotState.LEASED)
            ),
            models.CheckConstraint(name="slot_state_is_known", condition=Q(state__in=SlotState.values)),
            models.CheckConstraint(
                name="only_screening_has_no_round",
                condition=Q(round__isnull=True, arm=Arm.SCREENING) | Q(round__isnull=False),
            ),
            models.CheckConstraint(name="slot_arm_is_known", condition=Q(arm__in=Arm.values)),
            models.CheckConstraint(
                name="slot_has_a_lease_exactly_while_leased",
                condition=(Q(state=SlotState.LEASED) & LEASE_FIELDS_SET)
                | (~Q(state=SlotState.LEASED) & LEASE_FIELDS_EMPTY),
            ),
        ]
        indexes = [
            # The order of a claim. The wave stands before the priority: else somebody who did the top of the queue
            # walks past all of it to their next slot.
            models.Index(
                F("project"),
                F("wave"),
                F("priority").desc(),
                F("id"),
                name="slot_claim_order",
                condition=Q(state="ready") & ~Q(arm__in=["gold", "screening"]),
            ),
            # What claims choose by chance from, apart from the order of the others.
            models.Index(fields=["project", "solution"], name="slot_gold", condition=Q(state="ready", arm="gold")),
            # What somebody holds; few, so that those whose time is over are found among them. That time is in no index,
            # so that PostgreSQL may renew it without one.
            models.Index(fields=["lease_owner"], name="slot_leased", condition=Q(state="leased")),
            # What a round chose, page by page.
            models.Index(F("round"), F("priority").desc(), F("id"), name="slot_picks"),
        ]

    def __str__(self) -> str:
        return f"slot {self.pk} ({self.state})"


class Lease(models.Model):
    """Who was given which slot, and when: kept for good, so that a label that comes late is known to be earned."""

    token = models.UUIDField(primary_key=True)
    slot = models.ForeignKey(Slot, models.PROTECT)
    labeler = models.ForeignKey("annotation.Labeler", models.PROTECT)
    at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"lease of slot {self.slot_id} to {self.labeler_id}"


class Draft(models.Model):
    """Ratings that a labeler has not submitted yet; so that they can go on elsewhere."""

    slot = models.ForeignKey(Slot, models.CASCADE)
    labeler = models.ForeignKey("annotation.Labeler", models.CASCADE)
    body = models.JSONField()
    updated_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(name="one_draft_per_labeler_and_slot", fields=["slot", "labeler"])]

    def __str__(self) -> str:
        return f"draft of {self.labeler_id} for slot {self.slot_id}"
