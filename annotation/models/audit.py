from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_noop

from annotation.models.labels import APPEND_ONLY

# The acts of projects that services write down; short names, which are the texts to translate, too.
ACTS = (
    gettext_noop("add webhook"),
    gettext_noop("admit labeler"),
    gettext_noop("agree to terms"),
    gettext_noop("bring back gold"),
    gettext_noop("cancel automatic labels"),
    gettext_noop("cancel dataset"),
    gettext_noop("cancel grading"),
    gettext_noop("cancel import"),
    gettext_noop("cancel round"),
    gettext_noop("cancel sampling"),
    gettext_noop("change gold"),
    gettext_noop("change settings"),
    gettext_noop("check import"),
    gettext_noop("confirm import"),
    gettext_noop("correct answer"),
    gettext_noop("create project"),
    gettext_noop("decide"),
    gettext_noop("end screening"),
    gettext_noop("exclude labels"),
    gettext_noop("export labels"),
    gettext_noop("export labels again"),
    gettext_noop("give role"),
    gettext_noop("go on with automatic labels"),
    gettext_noop("go on with sampling"),
    gettext_noop("hold out problems"),
    gettext_noop("import cancelled"),
    gettext_noop("import failed"),
    gettext_noop("import gold"),
    gettext_noop("import labels"),
    gettext_noop("import problems"),
    gettext_noop("import solutions"),
    gettext_noop("invite"),
    gettext_noop("judge blind"),
    gettext_noop("lift exclusion"),
    gettext_noop("look for disagreements"),  # of databases from before 1.0
    gettext_noop("make gold"),
    gettext_noop("make token"),
    gettext_noop("pause labeler"),
    gettext_noop("publish dataset"),
    gettext_noop("publish export"),
    gettext_noop("publish instructions"),
    gettext_noop("put back"),
    gettext_noop("reinstate labeler"),
    gettext_noop("remove member"),
    gettext_noop("remove webhook"),
    gettext_noop("reopen unsure mark"),
    gettext_noop("repeat dataset"),
    gettext_noop("request dataset"),
    gettext_noop("request grading"),
    gettext_noop("resolve dispute"),
    gettext_noop("restore problem"),
    gettext_noop("retire gold"),
    gettext_noop("review unsure mark"),
    gettext_noop("revoke token"),
    gettext_noop("screen labeler"),
    gettext_noop("send disagreements to people"),
    gettext_noop("send message"),
    gettext_noop("start automatic labels"),
    gettext_noop("start round"),
    gettext_noop("start sampling"),
    gettext_noop("test webhook"),
    gettext_noop("undo import"),
    gettext_noop("use selector"),
    gettext_noop("withdraw invitation"),
    gettext_noop("withdraw problem"),
)


class AuditEvent(models.Model):
    """Who did what to what; written in the transaction of the act, never changed."""

    project = models.ForeignKey("annotation.Project", models.PROTECT, null=True)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.DO_NOTHING, null=True, db_constraint=False)
    action = models.CharField(max_length=60)
    target = models.CharField(max_length=200)
    details = models.JSONField(default=dict)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        triggers = [APPEND_ONLY]
        indexes = [models.Index(fields=["project", "-at"], name="audit_by_time")]

    def __str__(self) -> str:
        return f"{self.action} {self.target}"
