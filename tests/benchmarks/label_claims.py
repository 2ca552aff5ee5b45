"""How long a claim takes while many do: `python -m tests.benchmarks.label_claims CONNECTIONS CLAIMS` in a site's environment.

Each connection is one labeler's, who claims, gives the slot up as done, and claims again; first as fast as they can, all
at once, then with pauses as people have, but shorter.
"""

import json
import os
import random
import sys
import threading
import time

import django

PAUSE = 0.5  # seconds between two claims of one connection: 32 claims a second with 16


def main():
    connections, claims = map(int, sys.argv[1:])
    os.environ["DATABASE_POOL_SIZE"] = str(connections + 1)  # and that of this thread
    os.environ["DATABASE_STATEMENT_TIMEOUT"] = "10s"
    django.setup()
    from annotation.models import Slot

    found = {"waiting": Slot.objects.filter(state="ready").count()}
    for name, pause, count in (("at once", 0.0, claims), ("paced", PAUSE, claims // 4)):
        times = sorted(measure(connections, count, pause))
        for share in (0.5, 0.99):
            found[f"{name} p{round(100 * share)} ms"] = round(times[int(share * len(times))], 1)
    print(json.dumps(found))


def measure(connections, claims, pause):
    from annotation.models import Labeler

    people = list(Labeler.objects.filter(user__isnull=False).select_related("project").order_by("pk")[:connections])
    times, ready = [], threading.Barrier(connections, timeout=120)  # where one fails, the others do not wait for ever
    threads = [threading.Thread(target=one_by_one, args=(who, claims, pause, ready, times)) for who in people]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    return times


def one_by_one(labeler, claims, pause, ready, times):
    from django.db import connection

    from annotation.services import queue
    from annotation.services.claims import Claimant, claim

    luck = random.Random(labeler.pk)
    for number in range(claims + 10):  # the first of a connection plan its statements
        give_up_all(labeler)
        if number == 10:
            ready.wait()
        if pause:
            time.sleep(2 * pause * luck.random())
        began = time.perf_counter()
        got = claim(Claimant(labeler.project, labeler, luck))
        if number >= 10:
            times.append(1000 * (time.perf_counter() - began))
        assert got is not None
    queue.give_back(project=labeler.project, by=labeler, slot=got)
    connection.close()


def give_up_all(labeler):
    from annotation.models import Slot

    ended = {"state": "done", "lease_owner": None, "lease_token": None, "lease_until": None, "prefetched": False}
    Slot.objects.filter(lease_owner=labeler, state="leased").update(**ended)


if __name__ == "__main__":
    main()
