"""A project with a long queue, by SQL: `python -m tests.benchmarks.label_queue LABELERS SLOTS [EACH]` in a site's environment.

One slot for each solution, as where nothing is labeled twice. A solution has 8 to 14 steps of about 100 characters.
Prints the sessions of its labelers, who have handed in EACH labels before.
"""

import json
import sys

import django
from django.db import connection, transaction

SLUG = "queue"
PER_PROBLEM = 8


def fill(project, slots):
    """So many more solutions that wait. Call it outside a transaction."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 0")
        cursor.execute("SET LOCAL session_replication_role = replica")  # no foreign key row by row
        cursor.execute("SELECT coalesce(max(id), 0) FROM annotation_solution")
        (known,) = cursor.fetchone()
        values = {"project": project.pk, "slots": slots, "known": known, "each": PER_PROBLEM}
        for statement in STATEMENTS:
            cursor.execute(statement, values)
        for table in ("problem", "solution"):
            cursor.execute(f"SELECT setval('annotation_{table}_id_seq', (SELECT max(id) FROM annotation_{table}))")
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        # Only these, as autovacuum does: of a table that was looked at while it was empty PostgreSQL believes that it stays
        # so, and plans to read all of it.
        cursor.execute("VACUUM ANALYZE annotation_problem, annotation_solution, annotation_slot")


STATEMENTS = [
    """INSERT INTO annotation_job (project_id, kind, state, fence, attempt, worker, cancel_requested, stage, done,
            total, log_tail, error, created_at, finished_at)
        VALUES (%(project)s, 'round', 'done', 1, 1, '', false, '', 0, 0, '', '', now(), now())""",
    """INSERT INTO annotation_round (project_id, number, state, job_id, manifest, problems, per_problem, seed, by_chance,
            report, created_at, finished_at)
        SELECT %(project)s, (SELECT count(*) FROM annotation_round), 'done', max(id), '{}', 1, 1, 0, false, '{}', now(),
            now() FROM annotation_job""",
    """INSERT INTO annotation_problem (id, project_id, text, answer, reference_solution, subject, level, unique_id, split,
            content_hash, created_at)
        SELECT n, %(project)s, 'Problem ' || n || ': ' || repeat('Let $x$ satisfy $x^2 + 3x = ' || n || '$. ', 6), '7', '',
            'Algebra', 1, 'train/' || n, 'train', sha256(n::text::bytea), now()
        FROM generate_series(%(known)s / %(each)s + 1, (%(known)s + %(slots)s) / %(each)s) n""",
    """INSERT INTO annotation_solution (id, project_id, problem_id, steps, answer, grade, grader_version, complete,
            content_hash, count, generator, created_at)
        SELECT n, %(project)s, (n - 1) / %(each)s + 1, (SELECT array_agg('Step ' || step || ' of ' || n
            || ': since $a = \\frac{' || n || '}{' || step || '}$, both sides are divided by it, and $a$ is left alone.'
            ORDER BY step) FROM generate_series(1, 8 + n %% 7) step), '8', 'wrong', 'seeded', true,
            sha256(n::text::bytea), 1, 'seeded', now()
        FROM generate_series(%(known)s + 1, %(known)s + %(slots)s) n""",
    """INSERT INTO annotation_slot (project_id, solution_id, round_id, wave, priority, arm, served_reason, state,
            prefetched, created_at)
        SELECT %(project)s, n, (SELECT max(id) FROM annotation_round), 0, 1.0 - (n - %(known)s)::float / %(slots)s,
            'convincing_wrong', jsonb_build_object('rank', n), 'ready', false, now()
        FROM generate_series(%(known)s + 1, %(known)s + %(slots)s) n""",
]


def sessions(project, labelers):
    """Of so many people who label, as a sign-in leaves them."""
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore

    from annotation.models import Labeler, Membership, User
    from labeling_ui.second_factor import BACKEND, GIVEN

    for number in range(labelers):
        user = User.objects.create(username=f"labeler-{number}", password="!")
        Membership.objects.create(project=project, user=user, role="labeler")
        Labeler.objects.create(project=project, user=user)
        session = SessionStore()
        session[SESSION_KEY], session[HASH_SESSION_KEY] = str(user.pk), user.get_session_auth_hash()
        session[BACKEND_SESSION_KEY], session[GIVEN] = BACKEND, False
        session.create()
        yield session.session_key


def label(project, each):
    """So many labels of each labeler, ten minutes apart until now: what a campaign that is under way has behind it, with the
    statistics that PostgreSQL plans by. Of solutions that nobody waits for."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 0")
        cursor.execute("SET LOCAL session_replication_role = replica")
        for statement in HISTORY:
            cursor.execute(statement, {"project": project.pk, "each": each})
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        cursor.execute("VACUUM ANALYZE")


HISTORY = [
    """CREATE TEMPORARY TABLE labeled ON COMMIT DROP AS
        SELECT gen_random_uuid() AS id, slot.id AS slot_id, slot.solution_id, labeler.id AS labeler_id,
            now() - make_interval(mins => 10 * n) AS created_at
        FROM (SELECT id, row_number() OVER (ORDER BY id) - 1 AS place FROM annotation_labeler
            WHERE project_id = %(project)s) labeler
        CROSS JOIN generate_series(1, %(each)s) n
        JOIN (SELECT id, solution_id, row_number() OVER (ORDER BY priority) - 1 AS place FROM annotation_slot
            WHERE project_id = %(project)s AND state = 'ready') slot ON slot.place = labeler.place * %(each)s + n - 1""",
    "UPDATE annotation_slot SET state = 'done' WHERE id IN (SELECT slot_id FROM labeled)",
    """INSERT INTO annotation_lease (token, slot_id, labeler_id, at)
        SELECT gen_random_uuid(), slot_id, labeler_id, created_at - interval '1 min' FROM labeled""",
    """INSERT INTO annotation_label (id, project_id, slot_id, solution_id, labeler_id, origin, purpose, phase,
            finish_reason, reason, total_time_ms, shown, edits, payload_hash, late, created_at)
        SELECT id, %(project)s, slot_id, solution_id, labeler_id, 'labeler', 'production', 2, 'found_error', '', 50000,
            '{}', '[]', '\\x00', false, created_at FROM labeled ORDER BY created_at""",
    """INSERT INTO annotation_steprating (label_id, step, option, rating, chosen, human)
        SELECT id, step, 0, CASE step WHEN 10 THEN -1 ELSE 1 END, true, false FROM labeled, generate_series(0, 10) step""",
]


def main():
    django.setup()
    from annotation.models import Instructions, Project

    labelers, slots, each = (*map(int, sys.argv[1:]), 0)[:3]
    project, is_new = Project.objects.get_or_create(slug=SLUG, defaults={"name": "A long queue"})
    if is_new:
        Instructions.objects.create(project=project, version=1)
    fill(project, slots + labelers * each)
    signed_in = list(sessions(project, labelers))
    if each:
        label(project, each)
    print(json.dumps(signed_in))


if __name__ == "__main__":
    main()
