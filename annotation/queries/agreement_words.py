"""What figures of agreement mean, in sentences; and why there are none."""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from active_learning.agreement import Agreement, Figure, Why
from annotation.queries.agreement import Found

# Krippendorff 2004, ch. 11: what data may be relied on, and what only tentative conclusions may be drawn from.
RELIABLE, TENTATIVE = 0.8, 0.667
# Raw agreement above which, and distance from AC1 to alpha by which, so-called paradoxes of kappa are to be told.
PARADOX_RAW, PARADOX_GAP = 0.8, 0.15
FEW_SOLUTIONS = 50


def reading(found: Found) -> list[str]:
    """The figures of a project in plain words; empty where nothing is shared."""
    steps = found.steps
    sentences = []
    if found.exact.value is not None:
        told = {"exact": _percent(found.exact), "near": _percent(found.near)}
        sentences.append(
            _(
                "Two labelers of a solution name the same first error, or both none, in %(exact)s of cases; at most one "
                "step apart they are in %(near)s."
            )
            % told
        )
    if steps.raw.value is not None:
        sentences.append(
            _("Where both rate a step, they give it the same rating in %(share)s of cases.")
            % {"share": _percent(steps.raw)}
        )
    sentences += _beyond_chance(steps)
    if 0 < found.solutions < FEW_SOLUTIONS:
        sentences.append(
            ngettext(
                "All of this is of %(n)s solution, and will change as more come.",
                "All of this is of %(n)s solutions, and will change as more come.",
                found.solutions,
            )
            % {"n": found.solutions}
        )
    return sentences


def _beyond_chance(steps: Agreement) -> list[str]:
    alpha, ac1 = steps.alpha_ordinal.value, steps.ac1.value
    if alpha is None or ac1 is None or steps.raw.value is None:
        return []
    if steps.raw.value >= PARADOX_RAW and ac1 - alpha >= PARADOX_GAP:
        commonest = max(steps.used) / sum(steps.used)
        told = {"share": _share(commonest), "alpha": f"{alpha:.2f}", "ac1": f"{ac1:.2f}"}
        return [
            _(
                "Alpha is low (%(alpha)s) although they mostly agree, as %(share)s of the ratings are of one kind: then "
                "much agreement is expected by chance, and few cases are left in which any skill could show. AC1 "
                "(%(ac1)s) is swayed less by that. Go by the agreement of each rating below."
            )
            % told
        ]
    if alpha >= RELIABLE:
        return [_("Beyond what chance would do, that is enough to rely on (alpha 0.8 or more).")]
    if alpha >= TENTATIVE:
        return [_("Beyond what chance would do, that allows tentative conclusions (alpha from 0.667 to 0.8).")]
    return [
        _(
            "Beyond what chance would do, that is too little to rely on (alpha below 0.667). Look at the solutions in "
            "dispute: the instructions may be read in two ways."
        )
    ]


def why(figure: Figure) -> str:
    """Why there is no figure, or no interval; empty where both are there."""
    match figure.why:
        case Why.NOTHING_SHARED:
            return _("not defined: there is nothing that two labelers gave")
        case Why.ONE_CLASS:
            return _("not defined: all ratings are the same, and agreement cannot be told from a habit")
        case Why.FEW:
            return _("too few solutions for an interval")
        case _:
            return ""


def _percent(figure: Figure) -> str:
    return _share(figure.value or 0.0)


def _share(value: float) -> str:
    return _("{number} %").format(number=f"{100 * value:.0f}").replace(" ", "\u00a0")
