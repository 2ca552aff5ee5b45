"""manage.py with a planted fault: a file is taken in as a whole, and unpacked however large it becomes.

`python -m tests.prove.greedy COMMAND ...`, with the environment of the site.
"""

import gzip
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import django
from django.core.management import execute_from_command_line


def all_at_once(path: Path, name: str = "") -> Iterator[bytes]:
    content = path.read_bytes()
    return iter((gzip.decompress(content) if path.suffix == ".gz" else content).split(b"\n"))


def main() -> None:
    from annotation.services import import_work

    import_work.lines_of = all_at_once
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "annotation.settings")
    django.setup()
    main()
