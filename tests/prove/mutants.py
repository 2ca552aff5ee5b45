"""Faults that somebody could make by changing one line, and the test that has to notice each."""

from dataclasses import dataclass

QUEUE, RACES, LABELING = (f"tests/annotation/test_{name}.py" for name in ("queue", "protocol_races", "labeling"))
CLAIMS, ROWS, SUBMIT = (f"annotation/services/{name}.py" for name in ("claims", "label_rows", "labeling"))
INVITATIONS = "annotation/services/invitations.py"


@dataclass(frozen=True)
class Mutant:
    """In `file` the text `line` becomes `planted`; the test `name` in `tests` has to fail then."""

    fault: str
    file: str
    line: str
    planted: str
    tests: str
    name: str


MUTANTS = (
    Mutant(
        "a lease that ran out stays with who had it",
        CLAIMS,
        "lease_until < clock_timestamp()",
        "lease_until < clock_timestamp() - interval '1 year'",
        QUEUE,
        "test_a_lease_that_ran_out_goes_to_somebody_else",
    ),
    Mutant(
        "every label counts as punctual",
        SUBMIT,
        "punctual = mine or slot.state == SlotState.READY",
        "punctual = True",
        LABELING,
        "test_a_late_label_is_kept_and_marked",
    ),
    Mutant(
        "wrong answers are not chosen apart",
        "active_learning/select.py",
        "shares = _two_shares(capped(ranking, rules.caps, first), wrong, wanted)",
        "shares = _two_shares(capped(ranking, rules.caps, first), 0, wanted)",
        "tests/active_learning/test_select.py",
        "test_g1_ten_are_eight_wrong_and_two_of_the_rest",
    ),
    Mutant(
        "a cell that begins like a formula is left as it is",
        "labeling_ui/csv_files.py",
        'return f"\'{text}" if text.startswith(FORMULA) else text',
        "return text",
        "tests/labeling_ui/test_csv_files.py",
        "test_n3_text_that_begins_like_a_formula_stands_behind_an_apostrophe",
    ),
    Mutant(
        "a session lasts for ever",
        "labeling_ui/sessions.py",
        " AND session.expire_date > now()",
        "",
        "tests/labeling_ui/test_sessions.py",
        "test_a_session_that_has_run_out_is_nobodys",
    ),
    Mutant(
        "what was labeled once is given to the same person again",
        CLAIMS,
        "WHERE label.solution_id = slot.solution_id AND label.labeler_id = %(labeler)s)\n      AND NOT EXISTS (",
        "WHERE label.solution_id = slot.solution_id AND label.labeler_id = -1)\n      AND NOT EXISTS (",
        QUEUE,
        "test_a_labeler_never_sees_the_same_solution_twice",
    ),
    Mutant(
        "a claim does not pass over what another one has locked",
        CLAIMS,
        "FOR UPDATE SKIP LOCKED LIMIT 1",
        "LIMIT 1",
        RACES,
        "test_a_claim_passes_over_what_another_one_has_locked",
    ),
    Mutant(
        "two arrivals of one label do not wait for each other",
        ROWS,
        "\nFOR UPDATE OF slot",
        "",
        "tests/annotation/test_races.py",
        "test_one_label_sent_16_times_at_once_is_stored_once",
    ),
    Mutant(
        "whoever knows a slot may label it",
        ROWS,
        "token = %(token)s AND slot_id = %(slot)s AND labeler_id = %(labeler)s",
        "slot_id = %(slot)s",
        LABELING,
        "test_a_slot_that_was_never_given_to_you_takes_no_label",
    ),
    Mutant(
        "another judgement under an id that is known is taken for the same",
        SUBMIT,
        " or bytes(stored.payload_hash) != judgement.digest()",
        "",
        LABELING,
        "test_the_same_id_with_another_judgement_is_refused",
    ),
    Mutant(
        "the ratings are not part of the label's transaction",
        SUBMIT,
        "@transaction.atomic\ndef _record",
        "def _record",
        LABELING,
        "test_without_the_ratings_there_is_no_label",
    ),
    Mutant(
        "quality control trains",
        "annotation/models/labels.py",
        "Q(purpose=Purpose.QUALITY_CONTROL)",
        "Q(pk__isnull=True)",
        "tests/annotation/test_exporting_views.py",
        "test_m4_the_training_view_leaves_out_what_the_paper_left_out_and_counts_it",
    ),
    Mutant(
        "held-out problems train",
        "annotation/models/labels.py",
        'Q(solution__problem__split="test")',
        "Q(pk__isnull=True)",
        "tests/annotation/test_exporting_views.py",
        "test_m4_a_held_out_problem_never_gets_into_the_training_view",
    ),
    Mutant(
        "an invitation works for ever",
        INVITATIONS,
        "update(used_at=Now())",
        "update(expires_at=Now() + LIFETIME)",
        "tests/annotation/test_invitations.py",
        "test_a_used_invitation_is_gone",
    ),
    Mutant(
        "the secret of an invitation is stored as it is",
        INVITATIONS,
        "return hashlib.sha256(secret.encode()).digest()",
        "return secret.encode()",
        "tests/annotation/test_invitations.py",
        "test_the_secret_is_not_stored",
    ),
    Mutant(
        "an allowed name may lead into a private network",
        "annotation/services/outgoing.py",
        "return ip.is_global and not",
        "return True or not",
        "tests/annotation/test_outgoing.py",
        "test_an_allowed_name_that_leads_into_a_private_network_is_refused",
    ),
    Mutant(
        "nobody asks for a second factor",
        "labeling_ui/middleware.py",
        "user.is_second_factor_given = is_given(request)",
        "user.is_second_factor_given = True",
        "tests/labeling_ui/test_second_factor.py",
        "test_n7_a_lead_without_one_is_led_to_set_it_up_and_then_back",
    ),
    Mutant(
        "a connection waits for ever",
        "annotation/connections.py",
        "self.pgconn.finish()",
        "pass",
        "tests/annotation/test_connections.py",
        "test_where_none_comes_the_connection_is_given_up",
    ),
    Mutant(
        "a worker taken for dead still publishes",
        "annotation/services/jobs.py",
        "held = Job.objects.select_for_update().filter(pk=job.pk, fence=job.fence, state=JobState.RUNNING).first()",
        "held = Job.objects.select_for_update().filter(pk=job.pk).first()",
        "tests/annotation/test_rounds.py",
        "test_a_worker_taken_for_dead_publishes_nothing",
    ),
    Mutant(
        "one person labels a solution twice: the unique index is dropped",
        "annotation/migrations/first_release/labels.py",
        'fields=("labeler", "solution"),',
        'fields=("labeler", "solution", "id"),',
        "tests/architecture/test_constraints.py",
        "test_the_database_refuses_what_must_never_be",
    ),
    Mutant(
        "a revoked token opens",
        "annotation/services/tokens.py",
        "revoked_at__isnull=True, expires_at__gt=Now()",
        "expires_at__gt=Now()",
        "tests/annotation/test_tokens.py",
        "test_n2_a_revoked_an_old_and_a_blocked_account_s_token_are_gone",
    ),
    Mutant(
        "a place in any project is one in this",
        "annotation/api/permissions.py",
        "user=user.pk, project__slug=slug",
        "user=user.pk",
        "tests/labeling_ui/test_desk_pages.py",
        "test_n3_pages_of_the_desk_are_for_leads",
    ),
    Mutant(
        "a neutral step counts as wrong",
        "active_learning/score.py",
        'neutral == "positive" else',
        'neutral == "negative" else',
        "tests/active_learning/test_score.py",
        "test_the_released_sample_has_its_released_scores",
    ),
    Mutant(
        "steps after the first error train",
        "active_learning/targets.py",
        " or chosen[1] == -1",
        "",
        "tests/active_learning/test_targets.py",
        "test_the_first_error_is_trained_and_nothing_after_it",
    ),
    Mutant(
        "a checkpoint that somebody changed is loaded",
        "active_learning/checkpoint.py",
        "if manifest.get(name) != found.get(name))",
        "if name not in found)",
        "tests/active_learning/test_model.py",
        "test_a_checkpoint_that_was_changed_does_not_load",
    ),
)
