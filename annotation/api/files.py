"""A file as an answer, whole or from a byte on, so that a broken download can go on."""

import re
from pathlib import Path
from typing import BinaryIO

from django.conf import settings
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

CONTENT_TYPES = {
    ".jsonl": "application/x-ndjson",
    ".gz": "application/gzip",
    ".json": "application/json",
    ".md": "text/markdown; charset=utf-8",
    ".parquet": "application/vnd.apache.parquet",
}
OTHER_FILES = "application/octet-stream"
FILE_TYPES = sorted({*CONTENT_TYPES.values(), OTHER_FILES})
FROM = re.compile(r"bytes=(\d{1,18})-", re.ASCII)


def file_response(request: HttpRequest, path: Path, *, name: str) -> HttpResponseBase:
    """The file at this place below DATA_DIR, under this name. Understands `Range: bytes=N-`. Raises Http404."""
    full = settings.DATA_DIR / path
    if not full.is_file():
        raise Http404
    size = full.stat().st_size
    start = _start(request)
    if start is not None and start >= size:
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}"})
    file: BinaryIO = full.open("rb")
    file.seek(start or 0)
    content_type = CONTENT_TYPES.get(path.suffix, OTHER_FILES)
    response = FileResponse(file, as_attachment=True, filename=name, content_type=content_type)
    response["Accept-Ranges"] = "bytes"
    response["Content-Length"] = size - (start or 0)
    if start is not None:
        response.status_code = 206
        response["Content-Range"] = f"bytes {start}-{size - 1}/{size}"
    return response


def _start(request: HttpRequest) -> int | None:
    """Other forms of the header ask for what nobody needs here; the whole file answers them."""
    found = FROM.fullmatch(request.headers.get("Range", ""))
    return int(found.group(1)) if found else None
