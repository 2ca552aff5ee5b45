"""A project as large as it gets, made by SQL in minutes: a million labels of 100,000 solutions, eight million ratings.

    python -m tests.benchmarks.million [--labels 1000000] [--solutions 100000] [--keep]

makes it in a database of its own on the embedded services and says how long that took and how large it is; tests call
`fill(project)`, as a superuser of the database: foreign keys are looked up and most indexes made once at the end and not row by row, which
is most of the time. Afterwards every constraint holds as ever. By default a problem has 240 characters and eight solutions, a solution 8 to 14 steps of about 100
characters and ten labels of different labelers in one of ten rounds, a label 6 to 10 ratings (8 on average), and every
twentieth label three alternatives at its error. One solution in a hundred is gold; one label in 25 was given up.
"""

import argparse
import os
from dataclasses import dataclass
from time import perf_counter

from django.core.management import call_command
from django.db import connection, transaction

from tests import services

DAYS = 90
CHUNK = 100_000  # labels a transaction


@dataclass(frozen=True)
class Size:
    labels: int = 1_000_000
    solutions: int = 100_000
    problems: int = 12_500
    labelers: int = 40
    rounds: int = 10
    waiting: int = 0  # slots that wait in the queue, one more wave of the first solutions

    @property
    def per_solution(self):
        return self.labels // self.solutions

    def check(self):
        assert self.labels == self.per_solution * self.solutions, "every solution has as many labels as the next one"
        assert self.solutions % self.rounds == 0, "every round has as many solutions as the next one"
        assert self.per_solution <= self.labelers, "nobody labels a solution twice"
        assert self.waiting <= self.solutions


def fill(project, size=None):
    """Give a project without solutions all of it. Call it outside a transaction: it commits as it goes."""
    from annotation.models import Instructions  # as a program this module is read before there are settings

    size = size or Size()
    size.check()
    Instructions.objects.get_or_create(project=project, version=1)
    values = {"project": project.pk, "days": DAYS, **vars(size), "per_solution": size.per_solution}
    with transaction.atomic(), connection.cursor() as cursor:
        _hurry(cursor)
        dropped = _drop_indexes(cursor)
        for statement in BEFORE:
            cursor.execute(statement, values)
        for table in ("job", "problem", "solution", "round", "labeler", "slot"):
            cursor.execute(f"SELECT setval('annotation_{table}_id_seq', (SELECT max(id) FROM annotation_{table}))")
    for start in range(0, size.labels, CHUNK):
        chunk = values | {"first": start, "last": min(start + CHUNK, size.labels) - 1}
        with transaction.atomic(), connection.cursor() as cursor:
            _hurry(cursor)
            for statement in CHUNKS:
                cursor.execute(statement, chunk)
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        cursor.execute("DROP TABLE million_base")
        for statement in dropped:
            cursor.execute(statement)
        _look_up_foreign_keys(cursor)
        cursor.execute("VACUUM ANALYZE")
        cursor.execute("RESET statement_timeout")


def _hurry(cursor):
    cursor.execute("SET LOCAL statement_timeout = 0")
    cursor.execute("SET LOCAL session_replication_role = replica")  # no foreign key row by row


def _drop_indexes(cursor):
    """Drop those of the three large tables on which nothing stands; returns the statements that make them again."""
    cursor.execute(INDEXES)
    found = cursor.fetchall()
    for drop, _ in found:
        cursor.execute(drop)
    return [again for _, again in found]


def _look_up_foreign_keys(cursor):
    """What was not looked up row by row: every foreign key of a table that was filled, as one join."""
    cursor.execute(FOREIGN_KEYS)
    for name, table, target, columns, targets in cursor.fetchall():
        on = " AND ".join(f"t.{one} = f.{other}" for one, other in zip(targets, columns, strict=True))
        known = " AND ".join(f"f.{one} IS NOT NULL" for one in columns)
        cursor.execute(
            f"SELECT count(*) FROM {table} f WHERE {known} AND NOT EXISTS (SELECT FROM {target} t WHERE {on})"
        )
        assert cursor.fetchone() == (0,), f"rows of {table} break {name}"


INDEXES = """
SELECT CASE WHEN c.oid IS NULL THEN format('DROP INDEX %I', i.indexrelid::regclass::text)
        ELSE format('ALTER TABLE %s DROP CONSTRAINT %I', i.indrelid::regclass, c.conname) END,
    CASE WHEN c.oid IS NULL THEN pg_get_indexdef(i.indexrelid)
        ELSE format('ALTER TABLE %s ADD CONSTRAINT %I %s', i.indrelid::regclass, c.conname, pg_get_constraintdef(c.oid)) END
FROM pg_index i LEFT JOIN pg_constraint c ON c.conindid = i.indexrelid AND c.contype = 'u'
WHERE NOT i.indisprimary AND i.indrelid::regclass::text IN ('annotation_slot', 'annotation_label', 'annotation_steprating')
    AND NOT EXISTS (SELECT FROM pg_constraint f WHERE f.contype = 'f' AND f.conindid = i.indexrelid)"""

FOREIGN_KEYS = """
SELECT c.conname, c.conrelid::regclass::text, c.confrelid::regclass::text,
    (SELECT array_agg(attname::text ORDER BY place) FROM unnest(c.conkey) WITH ORDINALITY k(number, place)
     JOIN pg_attribute ON attrelid = c.conrelid AND attnum = number),
    (SELECT array_agg(attname::text ORDER BY place) FROM unnest(c.confkey) WITH ORDINALITY k(number, place)
     JOIN pg_attribute ON attrelid = c.confrelid AND attnum = number)
FROM pg_constraint c WHERE c.contype = 'f' AND c.conrelid::regclass::text IN ('annotation_membership',
    'annotation_labeler', 'annotation_problem', 'annotation_solution', 'annotation_job', 'annotation_round',
    'annotation_slot', 'annotation_label', 'annotation_steprating')"""

# Rows get numbers from 0 in here and ids above those that are there.
BEFORE = [
    """CREATE TABLE million_base AS SELECT
        (SELECT coalesce(max(id), 0) + 1 FROM annotation_problem) AS problem,
        (SELECT coalesce(max(id), 0) + 1 FROM annotation_solution) AS solution,
        (SELECT coalesce(max(id), 0) + 1 FROM annotation_job) AS job,
        (SELECT coalesce(max(id), 0) + 1 FROM annotation_round) AS round,
        (SELECT coalesce(max(id), 0) + 1 FROM annotation_labeler) AS labeler,
        (SELECT coalesce(max(id), 0) + 1 FROM annotation_slot) AS slot""",
    """INSERT INTO annotation_user (username, password, first_name, last_name, email, is_superuser, is_staff, is_active,
            date_joined)
        SELECT 'labeler-' || %(project)s || '-' || n, '!', '', '', '', false, false, true, now()
        FROM generate_series(0, %(labelers)s - 1) n""",
    """INSERT INTO annotation_membership (project_id, user_id, role)
        SELECT %(project)s, id, 'labeler' FROM annotation_user
        WHERE username LIKE 'labeler-' || %(project)s || '-%%'""",
    """INSERT INTO annotation_labeler (id, project_id, user_id, pseudonym, state, practiced_at)
        SELECT base.labeler + n, %(project)s, u.id, md5('labeler' || %(project)s || ' ' || n)::uuid, 'active',
            now() - make_interval(days => %(days)s)
        FROM million_base base, generate_series(0, %(labelers)s - 1) n
        JOIN annotation_user u ON u.username = 'labeler-' || %(project)s || '-' || n""",
    """INSERT INTO annotation_problem (id, project_id, text, answer, reference_solution, subject, level, unique_id, split,
            content_hash, created_at)
        SELECT base.problem + n, %(project)s,
            'Problem ' || n || ': ' || repeat('Let $x_{' || n %% 97 || '}$ satisfy $x^2 + 3x = ' || n || '$. ', 5)
                || 'What is the sum of all such $x$?',
            (n %% 1000)::text, repeat('Complete the square: $(x + 1)^2 = ' || n || '$. ', 6),
            (ARRAY['Algebra', 'Geometry', 'Number Theory', 'Prealgebra', 'Precalculus'])[1 + n %% 5], 1 + n %% 5,
            'train/' || n || '.json', 'train', sha256(('problem ' || n)::bytea),
            now() - make_interval(days => %(days)s)
        FROM million_base base, generate_series(0, %(problems)s - 1) n""",
    """INSERT INTO annotation_solution (id, project_id, problem_id, steps, answer, grade, grader_version, complete,
            content_hash, count, generator, created_at)
        SELECT base.solution + n, %(project)s, base.problem + n %% %(problems)s,
            (SELECT array_agg('Step ' || step || ' of ' || n || ': since $a_{' || step || '} = \\frac{' || n || '}{' || step
                || '}$, both sides are divided by $' || step || '$, and $a$ is left alone on the right.'
                || CASE WHEN step = 8 + n %% 7 THEN E'\n\n# Answer\n\n' || n %% 1000 ELSE '' END ORDER BY step)
             FROM generate_series(1, 8 + n %% 7) step),
            (n %% 1000)::text, CASE WHEN n %% 7 < 3 THEN 'correct' ELSE 'wrong' END, 'seeded', true,
            sha256(('solution ' || n)::bytea), 1, 'seeded', now() - make_interval(days => %(days)s)
        FROM million_base base, generate_series(0, %(solutions)s - 1) n""",
    """INSERT INTO annotation_job (id, project_id, kind, state, fence, attempt, worker, cancel_requested, stage, done,
            total, log_tail, error, created_at, finished_at)
        SELECT base.job + n, %(project)s, 'round', 'done', 1, 1, '', false, '', 0, 0, '', '', now(), now()
        FROM million_base base, generate_series(0, %(rounds)s - 1) n""",
    """INSERT INTO annotation_round (id, project_id, number, state, job_id, manifest, problems, per_problem, seed,
            by_chance, report, created_at, finished_at)
        SELECT base.round + n, %(project)s, n, 'done', base.job + n, '{}', %(problems)s, 1, n, false, '{}', now(), now()
        FROM million_base base, generate_series(0, %(rounds)s - 1) n""",
    """INSERT INTO annotation_slot (id, project_id, solution_id, round_id, wave, priority, arm, served_reason, state,
            prefetched, created_at)
        SELECT base.slot + n, %(project)s, base.solution + place.solution, base.round + place.round, place.wave,
            1.0 - (place.solution %% 1000) / 1000.0,
            CASE WHEN place.solution %% 100 = 0 THEN 'gold' ELSE 'convincing_wrong' END,
            jsonb_build_object('rank', place.solution %% 1000, 'score', 1.0 - (place.solution %% 1000) / 1000.0),
            'done', false, now() - make_interval(days => %(days)s)
        FROM million_base base, generate_series(0, %(labels)s - 1) n, LATERAL (SELECT
            n / (%(labels)s / %(rounds)s) AS round,
            n %% (%(labels)s / %(rounds)s) / (%(solutions)s / %(rounds)s) AS wave,
            n / (%(labels)s / %(rounds)s) * (%(solutions)s / %(rounds)s) + n %% (%(solutions)s / %(rounds)s) AS solution
        ) place""",
    """INSERT INTO annotation_slot (project_id, solution_id, round_id, wave, priority, arm, served_reason, state,
            prefetched, created_at)
        SELECT %(project)s, base.solution + n, base.round + %(rounds)s - 1, %(per_solution)s,
            1.0 - n::float / %(solutions)s, 'convincing_wrong', '{}', 'ready', false, now()
        FROM million_base base, generate_series(0, %(waiting)s - 1) n""",
]

# Wave after wave of a round, in the order of the slots, which is the order of time.
CHUNKS = [
    """CREATE TEMP TABLE plan ON COMMIT DROP AS SELECT n, md5('label' || %(project)s || ' ' || n)::uuid AS id,
            slot.id AS slot, slot.solution_id AS solution, slot.arm AS arm, ending.reason AS reason,
            CASE ending.reason WHEN 'solution' THEN cardinality(solution.steps) WHEN 'give_up' THEN 6
                ELSE least(6 + n %% 5, cardinality(solution.steps)) END AS rated,
            base.labeler + (slot.solution_id + slot.wave) %% %(labelers)s AS labeler
        FROM million_base base, generate_series(%(first)s, %(last)s) n
        JOIN annotation_slot slot ON slot.id = (SELECT b.slot FROM million_base b) + n
        JOIN annotation_solution solution ON solution.id = slot.solution_id, LATERAL (SELECT
            CASE WHEN n %% 25 = 7 THEN 'give_up' WHEN cardinality(solution.steps) <= 10 AND n %% 3 = 0 THEN 'solution'
                ELSE 'found_error' END AS reason) ending""",
    """INSERT INTO annotation_label (id, project_id, slot_id, solution_id, labeler_id, origin, purpose, phase,
            finish_reason, reason, total_time_ms, active_ms, instructions_version, shown, edits, payload_hash, late,
            created_at)
        SELECT id, %(project)s, slot, solution, labeler, 'labeler',
            CASE arm WHEN 'gold' THEN 'quality_control' ELSE 'production' END, 2, reason,
            CASE reason WHEN 'give_up' THEN 'Too hard for me.' ELSE '' END, 20000 * rated + n %% 9973,
            15000 * rated + n %% 9973, 1, '{"answer": true, "ahead": "always", "alternatives": 3}',
            edits.body,
            sha256(id::text::bytea), false,
            now() - make_interval(days => %(days)s)
                + n * (make_interval(days => %(days)s) / %(labels)s)
        FROM plan JOIN (SELECT rated, jsonb_agg(jsonb_build_object('step', step, 'option', 0, 'rating', 1, 'ms', 900 * step))
            AS body FROM generate_series(6, 10) rated, generate_series(0, rated - 1) step GROUP BY rated) edits USING (rated)
        ORDER BY n""",
    """INSERT INTO annotation_steprating (label_id, step, option, rating, flagged, chosen, human, ms)
        SELECT id, step, 0, rating, NULL, rating >= 0, false, 900 * (step + 1)
        FROM plan, generate_series(0, rated - 1) step, LATERAL (SELECT
            CASE WHEN reason = 'found_error' AND step = rated - 1 THEN -1 WHEN (n + step) %% 7 = 0 THEN 0
                ELSE 1 END AS rating) given
        ORDER BY n, step""",
    """INSERT INTO annotation_steprating (label_id, step, option, text, rating, flagged, chosen, human)
        SELECT id, rated - 1, option, 'Alternative ' || option || ': both sides are divided by $' || n || '$.',
            option - 2, false, false, false
        FROM plan, generate_series(1, 3) option WHERE reason = 'found_error' AND n %% 20 = 0 ORDER BY n, option""",
]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--labels", type=int, default=Size.labels)
    parser.add_argument("--solutions", type=int, default=Size.solutions)
    parser.add_argument("--keep", action="store_true", help="wait at the end, and say where the database is")
    arguments = parser.parse_args()
    with services.running():
        _measure(Size(labels=arguments.labels, solutions=arguments.solutions), keep=arguments.keep)


def _measure(size, *, keep):
    from annotation.models import Project

    call_command("migrate", verbosity=0)
    start = perf_counter()
    fill(Project.objects.create(slug="million", name="A million labels"), size)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_database_size(current_database()), count(*) FROM annotation_steprating")
        held, ratings = cursor.fetchone()
    took = perf_counter() - start
    print(f"{size.labels:,} labels and {ratings:,} ratings in {took:.0f} s; the database holds {held / 2**30:.1f} GiB")
    if keep:
        input(f"DATABASE_URL={os.environ['DATABASE_URL']} until you press Enter. ")


if __name__ == "__main__":
    main()
