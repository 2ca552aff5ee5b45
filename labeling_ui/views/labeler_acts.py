"""What leads do about a labeler on the page of people and on that of quality alike."""

from django.http import HttpRequest
from django.utils.translation import gettext as _

from annotation.models import Labeler, User
from annotation.services import labelers
from labeling_ui.account_forms import ReasonForm
from labeling_ui.checked import checked


def pause(request: HttpRequest, labeler: Labeler, by: User) -> str:
    labelers.pause(labeler=labeler, by=by, **checked(ReasonForm(request.POST)))
    return _("%(name)s gets no new solutions. What they hold they may finish.") % _name(labeler)


def reinstate(request: HttpRequest, labeler: Labeler, by: User) -> str:
    labelers.reinstate(labeler=labeler, by=by)
    return _("%(name)s gets solutions again, and their score of known solutions begins anew.") % _name(labeler)


def _name(labeler: Labeler) -> dict[str, str]:
    return {"name": str(labeler.user or str(labeler.pseudonym)[:8])}
