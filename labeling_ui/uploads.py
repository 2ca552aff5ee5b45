"""Files that browsers send: to the disk as they come, and no further than they may be long."""

import tempfile
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import StopUpload, TemporaryFileUploadHandler
from django.http import Http404

from annotation.api.permissions import place_in_project
from annotation.models.projects import Role
from annotation.services.import_batches import MAX_BYTES

MAX_ELSEWHERE = 16 << 20


class LimitedUpload(TemporaryFileUploadHandler):
    """A form is read before its view is asked who may send it: here nobody sends a file who is not signed in, and a long
    one only a lead.

    A file that is too long does not arrive, and `request.is_upload_too_big` says so. It lies below DATA_DIR meanwhile,
    for /tmp may be memory.
    """

    def handle_raw_input(self, *args: Any, **kwargs: Any) -> None:
        self.left = self._allowed()

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super(TemporaryFileUploadHandler, self).new_file(*args, **kwargs)
        folder = settings.DATA_DIR / "uploads"
        folder.mkdir(parents=True, exist_ok=True)
        self.file: Any = UploadedFile(
            file=tempfile.NamedTemporaryFile(dir=folder),  # noqa: SIM115 - closed with the request
            name=self.file_name,
            content_type=self.content_type,
            size=0,
        )

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes | None:
        self.left -= len(raw_data)
        if self.left < 0:
            self.request.is_upload_too_big = True  # type: ignore[union-attr]
            raise StopUpload(connection_reset=self._is_stranger())
        self.file.write(raw_data)
        return None

    def upload_interrupted(self) -> None:
        if hasattr(self, "file"):
            self.file.close()

    def _allowed(self) -> int:
        if self._is_stranger():
            return 0
        return MAX_BYTES if self._may_import() else MAX_ELSEWHERE

    def _may_import(self) -> bool:
        match = getattr(self.request, "resolver_match", None)
        if not match or match.url_name != "imports":
            return False
        try:
            place_in_project(self.request.user, match.kwargs["slug"], Role.LEAD)  # type: ignore[union-attr]
        except (Http404, PermissionDenied):
            return False
        return True

    def _is_stranger(self) -> bool:
        user = getattr(self.request, "user", None)
        return user is None or not user.is_authenticated
