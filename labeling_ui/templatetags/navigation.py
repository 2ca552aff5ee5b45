"""The pages of a project for those who run it, in groups: a row of groups, and below it the pages of the one in front."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from django import template
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from annotation.models import Membership
from annotation.models.projects import Role

register = template.Library()

LEAD, ML, REVIEWER = Role.LEAD, Role.ML, Role.REVIEWER
STAFF = (LEAD, ML, REVIEWER)


@dataclass(frozen=True)
class Page:
    """`name` is that of its address, `below` those of the pages that one reaches from it."""

    name: str
    words: str | Promise
    roles: Sequence[Role]
    below: Sequence[str] = ()


@dataclass(frozen=True)
class Link:
    words: str | Promise
    url: str
    current: str  # page | true | nothing: as aria-current says it


@dataclass(frozen=True)
class Navigation:
    groups: list[Link] = field(default_factory=list)
    pages: list[Link] = field(default_factory=list)


GROUPS: list[tuple[str | Promise, list[Page]]] = [
    (
        _("Work"),
        [
            Page("project", _("Where it stands"), [LEAD]),
            Page("labelers", _("Labelers"), [LEAD], ["labeler"]),
            Page("troubles", _("What is wrong"), [LEAD]),
        ],
    ),
    (
        _("Quality"),
        [
            Page("quality", _("Quality control"), [LEAD, REVIEWER]),
            Page("gold", _("Known solutions"), [LEAD, REVIEWER], ["gold_file", "new_gold", "gold_item"]),
            Page("mistakes", _("Common mistakes"), [LEAD, REVIEWER]),
            Page("agreement", _("Agreement"), [LEAD]),
            Page("behaviour", _("Behavior"), [LEAD]),
            Page("adjudication", _("Adjudication"), [LEAD, REVIEWER], ["case"]),
            Page("reports", _("Reports"), [LEAD]),
        ],
    ),
    (
        _("Data"),
        [
            Page("imports", _("Import"), [LEAD], ["import"]),
            Page("problems", _("Problems"), [LEAD], ["problem"]),
            Page("datasets", _("Datasets"), [LEAD]),
        ],
    ),
    (
        _("Models"),
        [
            Page("rounds", _("Rounds"), [LEAD, ML], ["round"]),
            Page("models", _("Models"), [LEAD, ML], ["model", "solution"]),
            Page("automatic_labels", _("Automatic labels"), [LEAD, ML], ["automatic_source"]),
            Page("samplings", _("Generate solutions"), [LEAD, ML]),
            Page("selection_settings", _("Settings of rounds"), [LEAD, ML]),
        ],
    ),
    (
        _("Project"),
        [
            Page("people", _("People"), [LEAD], ["member"]),
            Page("guidance", _("Guidance"), [LEAD]),
            Page("instructions", _("Instructions"), STAFF, ["practice"]),
            Page("project_settings", _("Settings"), [LEAD]),
            Page("webhooks", _("Webhooks"), [LEAD]),
            Page("audit", _("Audit"), [LEAD]),
        ],
    ),
]


@register.simple_tag
def navigation(place: Membership, here: str) -> Navigation:
    """What this person may open; the pages of one group only, and none where it has but one."""
    groups: list[Link] = []
    shown: list[Link] = []
    for words, pages in GROUPS:
        links = [
            Link(page.words, reverse(page.name, args=[place.project.slug]), _current(page, here))
            for page in pages
            if place.role in page.roles
        ]
        if links:
            is_here = any(link.current for link in links)
            is_all = len(links) == 1  # and the group stands for its page
            groups.append(Link(words, links[0].url, links[0].current if is_all else "true" if is_here else ""))
            shown = links if is_here and not is_all else shown
    return Navigation(groups, shown)


def _current(page: Page, here: str) -> str:
    if page.name == here:
        return "page"
    return "true" if here in page.below else ""
