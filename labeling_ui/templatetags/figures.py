"""Numbers as people read them. What is not known is a dash, never a zero."""

from datetime import datetime

from django import template

register = template.Library()

UNKNOWN = "–"


@register.filter
def count(value: int | None) -> str:
    """1234567 → 1,234,567"""
    return UNKNOWN if value is None else f"{value:,}"


@register.filter
def percent(value: float | None) -> str:
    """0.8512 → 85.1 %, with a no-break space"""
    return UNKNOWN if value is None else f"{100 * value:.1f}\u00a0%"


@register.filter
def figure(value: float | None) -> str:
    """A measurement or a probability: 0.98765 → 0.988"""
    return UNKNOWN if value is None else f"{value:.3f}"


@register.filter
def duration(begin: datetime, end: datetime) -> str:
    """From one moment to another: 42 s, 3 min 5 s, 2 h 10 min"""
    seconds = round((end - begin).total_seconds())
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min {seconds % 60} s"
    return f"{seconds // 3600} h {seconds % 3600 // 60} min"
