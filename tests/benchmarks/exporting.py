"""An export of all streams beside the barest loop that could write the same rows: a server-side cursor over the same SELECT,
each row given to orjson. No Record, no rules, no counts, no hash on that side."""

import hashlib
import statistics
import threading
from collections import Counter
from itertools import islice
from time import perf_counter, sleep

import orjson
import psutil
from django.db import connection
from django.db.models import Value

from annotation.models import Label
from annotation.models.snapshots import View
from annotation.services import export_rows, export_views, exporting

SIDES = 100_000  # lines of each side in a run


class Memory:
    """How much this process grew while the block lasted, looked at every 20 ms."""

    def __enter__(self):
        self._process, self._over = psutil.Process(), threading.Event()
        self._start = self.most = self._process.memory_info().rss
        self._thread = threading.Thread(target=self._look)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self._thread.join()

    def _look(self):
        while not self._over.is_set():
            self.most = max(self.most, self._process.memory_info().rss)
            sleep(0.02)

    @property
    def grown_mib(self):
        return (self.most - self._start) / 2**20


def bare_loop(project, path, count):
    """Lines a second."""
    labels = Label.objects.filter(project=project).annotate(left_out=Value("")).order_by("created_at", "pk")
    query = labels.annotate(**export_rows.FIELDS).values_list(*export_rows.COLUMNS)
    sql, params = query.query.sql_with_params()
    with export_views.unchanging_view(), path.open("wb", buffering=1 << 18) as file:
        start = perf_counter()
        with connection.connection.cursor(name="bare") as cursor:
            cursor.itersize = export_rows.CHUNK
            cursor.execute(sql, params)
            for row in islice(cursor, count):
                file.write(orjson.dumps(row) + b"\n")
        return count / (perf_counter() - start)


def lines_loop(project, path, count):
    """Lines a second, and seconds to the first one, of what an export does: rows, records, rules, lines."""
    first, digest = None, hashlib.sha256()
    with export_views.unchanging_view(), path.open("wb", buffering=1 << 18) as file:
        start = perf_counter()
        for line in islice(export_views.lines_of_view(project=project, view=View.RAW, excluded=Counter()), count):
            text = line.text.encode() + b"\n"
            file.write(text)
            digest.update(text)
            first = first or perf_counter() - start
        return count / (perf_counter() - start), first


def compare(project, folder, runs=5):
    """Both sides in turn, as lines a second; and the seconds to the first line."""
    bare, ours, first = [], [], []
    for _ in range(runs):
        bare.append(bare_loop(project, folder / "bare.jsonl", SIDES))
        speed, seconds = lines_loop(project, folder / "lines.jsonl", SIDES)
        ours.append(speed)
        first.append(seconds)
    return {
        "bare loop, lines/s": [round(one) for one in bare],
        "export, lines/s": [round(one) for one in ours],
        "ratio of medians": round(statistics.median(ours) / statistics.median(bare), 2),
        "first line, s": [round(one, 2) for one in first],
    }


def whole(project, folder, **options):
    """The whole project in files, with manifest, card, list and hashes."""
    with Memory() as memory:
        start = perf_counter()
        manifest = exporting.export_labels(project=project, view=View.RAW, out_dir=folder, **options)
        seconds = perf_counter() - start
    size = sum(file.bytes for file in manifest.files)
    return {
        "labels": manifest.labels,
        "seconds": round(seconds),
        "labels/s": round(manifest.labels / seconds),
        "MiB written": round(size / 2**20),
        "grown, MiB": round(memory.grown_mib),
    }
