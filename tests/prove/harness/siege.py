"""One fault after another while labelers work, and what the ledger says at the end."""

import time

from tests.prove.harness import labelers

BETWEEN_SECONDS = (0.4, 1.4)


def under_fire(where, fault, times, luck, *, recovered=lambda: True, **planted):
    """Labelers work, the fault strikes so often; gives their ledger and the moments of the strikes."""
    moments = []
    with labelers.at_work(where, seed=luck.randrange(2**31), **planted) as kept:
        more(where, kept, 32)
        for _ in range(times):
            where.tend(luck.uniform(*BETWEEN_SECONDS))
            moments.append(time.monotonic())
            fault()
            where.tend_until(recovered)
            more(where, kept)
        # What is under way when they end would be neither acknowledged nor lost.
        more(where, kept, 32)
    return kept, moments


def more(where, kept, labels=1, *, seconds=60.0):
    count = len(kept)
    where.tend_until(lambda: len(kept) >= count + labels, seconds)


def said(kept, found, moments):
    middle, longest = kept.wait_after(moments)
    return f"{found}; first answer after a strike p50 {middle:.2f} s, max {longest:.2f} s ({len(moments)} strikes)"
