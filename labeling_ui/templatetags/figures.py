"""Numbers as people read them. What is not known is a dash, never a zero."""

from datetime import datetime

from django import template
from django.utils.translation import gettext as _

register = template.Library()

UNKNOWN = "–"


@register.filter
def in_words(reason: str) -> str:
    """What was found in a line, as services/import_report.py keeps it: a reason that may be translated, and after a
    colon what is there, which mostly is not."""
    head, colon, detail = reason.partition(": ")
    return f"{_(head)}{colon}{_(detail)}" if colon and head and detail else _(reason) if reason else ""


@register.filter
def count(value: int | None) -> str:
    """1234567 → 1,234,567"""
    return UNKNOWN if value is None else f"{value:,}"


@register.filter
def percent(value: float | None) -> str:
    """0.8512 → 85.1 %, with a no-break space"""
    if value is None:
        return UNKNOWN
    return _percent(f"{100 * value:.1f}")


@register.filter
def share(value: float | None) -> str:
    """A share that somebody has set: 0.75 → 75 %, 0.125 → 12.5 %"""
    return UNKNOWN if value is None else _percent(f"{100 * value:.6g}")


@register.filter
def figure(value: float | None) -> str:
    """A measurement or a probability: 0.98765 → 0.988"""
    return UNKNOWN if value is None else f"{value:.3f}"


@register.filter
def signed(value: float | None) -> str:
    """A difference: 0.0042 → +0.004, -0.01 → −0.010"""
    return UNKNOWN if value is None else f"{value:+.3f}".replace("-", "−")


@register.filter
def duration(begin: datetime, end: datetime) -> str:
    """From one moment to another: 42 s, 3 min 5 s, 2 h 10 min"""
    return _time((end - begin).total_seconds())


@register.filter
def as_time(milliseconds: float | None) -> str:
    """7_800_000 → 2 h 10 min"""
    return UNKNOWN if milliseconds is None else _time(milliseconds / 1000)


@register.filter
def short(value: float | None) -> str:
    """A rate or an amount, as exactly as its size allows: 1234.5 → 1,234; 12.34 → 12.3; 0.5 → 0.5"""
    if value is None:
        return UNKNOWN
    return f"{value:,.0f}" if value >= 100 else f"{value:,.1f}"


@register.filter
def money(value: float | None) -> str:
    """1234.5 → 1,234; 12.34 → 12.34"""
    if value is None:
        return UNKNOWN
    return f"{value:,.0f}" if value >= 1000 else f"{value:,.2f}"


@register.filter
def seconds(milliseconds: float | None) -> str:
    """8_420 → 8.4 s; from a minute on as as_time"""
    if milliseconds is None or milliseconds >= 60_000:
        return as_time(milliseconds)
    return _("{seconds} s").format(seconds=f"{milliseconds / 1000:.1f}")


def _percent(number: str) -> str:
    return _("{number} %").format(number=number).replace(" ", "\u00a0")


def _time(exactly: float) -> str:
    seconds = round(exactly)
    if seconds < 60:
        return _("{seconds} s").format(seconds=seconds)
    if seconds < 3600:
        return _("{minutes} min {seconds} s").format(minutes=seconds // 60, seconds=seconds % 60)
    return _("{hours} h {minutes} min").format(hours=seconds // 3600, minutes=seconds % 3600 // 60)
