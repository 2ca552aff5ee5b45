"""Sessions as Django keeps them, and whose they are, each read by one prepared statement.

Every request asks for both. Built by the ORM and planned anew, the two took a quarter of the processor's time of a label
(docs/benchmarks.md, "The path of a label").
"""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.sessions.backends import db
from django.contrib.sessions.models import Session

from annotation.models import User
from annotation.queries import statements

LIVE = f"""
SELECT {statements.columns(Session, "session")} FROM django_session session
WHERE session.session_key = %(key)s AND session.expire_date > now()"""  # nosec B608 # of constants
ACCOUNT = f"""
SELECT {statements.columns(User, "account")} FROM annotation_user account
WHERE account.id = %(id)s"""  # nosec B608 # of constants


class SessionStore(db.SessionStore):
    def _get_session_from_db(self) -> Any:
        key = self.session_key or ""
        found = statements.rows(LIVE, {"key": key}) if key.isalnum() else []  # a cookie may hold a NUL, too
        if found:
            return statements.made(Session, found[0])
        self._session_key = None  # as Django does: the next one gets a key of its own
        return None


class Accounts(ModelBackend):
    def get_user(self, user_id: Any) -> User | None:
        found = statements.rows(ACCOUNT, {"id": int(user_id)})
        user = statements.made(User, found[0]) if found else None
        return user if user and self.user_can_authenticate(user) else None
