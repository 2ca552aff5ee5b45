import re
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.staticfiles.storage import staticfiles_storage

HASHED = re.compile(r"\.[0-9a-f]{12}\.")


def served(name):
    """The path of the file that pages name, and its text."""
    path = Path(settings.STATIC_ROOT) / staticfiles_storage.stored_name(name)
    return path, path.read_text()


@pytest.mark.parametrize("page", ["label_page.js", "maths_page.js"])
def test_every_module_that_a_page_reaches_is_named_by_its_hash(page):
    reached, waiting = set(), [served(f"labeling_ui/js/{page}")[0]]
    while waiting:
        path = waiting.pop()
        reached.add(path)
        imports = [] if "vendor" in path.parts else re.findall(r'from "(.+?)";', path.read_text())
        assert all(HASHED.search(name) for name in imports), imports
        waiting += {(path.parent / name).resolve() for name in imports} - reached

    names = {HASHED.sub(".", path.name) for path in reached}
    assert {"maths.js", "maths_text.js"} <= names
    assert all(path.is_file() for path in reached)


def test_the_typeface_and_the_fonts_of_formulas_are_served_from_here():
    for sheet in ("labeling_ui/css/tokens.css", "vendor/katex/katex.min.css"):
        path, text = served(sheet)
        fonts = re.findall(r"url\([\"']?(.+?)[\"']?\)", text)

        assert fonts
        assert all((path.parent / font).is_file() for font in fonts)
