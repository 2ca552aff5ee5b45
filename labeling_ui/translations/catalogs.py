"""The catalogs of texts: .po files are written by people and by `make messages`, .mo files are made from them."""

import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po, write_po
from django.conf import settings
from django.utils.translation import to_locale

from labeling_ui.translations import extract

DOMAINS = {"django": extract.pages_and_code, "djangojs": extract.scripts}
# %(name)s, {name}, and tags: what a translation must hold exactly as its original does.
FIXED = re.compile(r"%\(\w+\)s|\{\w+\}|</?\w[^>]*>")
# A text, by its plural where it has one (that one holds all placeholders), and its context.
Key = tuple[str, str]
HEADER = """\
msgid ""
msgstr ""
"Language: {language}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: {plural_forms}\\n"

"""


def languages() -> list[str]:
    """As folders name them; not the one that the sources are written in."""
    return [to_locale(code) for code, _ in settings.LANGUAGES if code != settings.LANGUAGE_CODE]


def path(language: str, domain: str, suffix: str = ".po") -> Path:
    return Path(settings.LOCALE_PATHS[0], language, "LC_MESSAGES", domain + suffix)


def read(language: str, domain: str) -> Catalog:
    source = path(language, domain)
    if not source.exists():
        return Catalog(locale=language)
    with source.open("rb") as file:
        return read_po(file, locale=language, domain=domain)


def update(language: str, domain: str) -> None:
    """Write the catalog anew: texts of the sources with the translations that there are, and nothing else."""
    old, new = read(language, domain), wanted(language, domain)
    for message in _texts(new):
        message.locations.sort()  # texts stand in the order of their files, in whatever order they were found
        if known := old.get(message.id, message.context):
            message.string = known.string
            message.user_comments = known.user_comments
    target = path(language, domain)
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = target.with_suffix(".new")
    with fresh.open("wb") as file:
        file.write(HEADER.format(language=language, plural_forms=new.plural_forms).encode())
        write_po(file, new, width=120, omit_header=True, sort_by_file=True, include_lineno=False)
    fresh.replace(target)  # nobody reads half a catalog


def wanted(language: str, domain: str) -> Catalog:
    """A catalog of all texts in the sources, without translations."""
    catalog = Catalog(locale=language)
    for place, text, context in DOMAINS[domain]():
        catalog.add(text, locations=[(place, 1)], context=context)
    return catalog


def faults(language: str, domain: str) -> list[str]:
    """What is wrong with a catalog, each as a line that names the text."""
    have = {_key(message): message for message in _texts(read(language, domain))}
    want = {_key(message) for message in _texts(wanted(language, domain))}
    return [
        *(f"not in the catalog: {_shown(key)}" for key in sorted(want - have.keys())),
        *(f"not in the sources any more: {_shown(key)}" for key in sorted(have.keys() - want)),
        *(fault for key, message in have.items() if key in want for fault in _faults_of(key, message)),
    ]


def _faults_of(key: Key, message: Message) -> Iterator[str]:
    given = message.string if isinstance(message.string, list | tuple) else (message.string,)
    strings = [str(one or "") for one in given]
    if message.fuzzy or not all(strings):
        yield f"not translated: {_shown(key)}"
        return
    for string in strings:
        if set(FIXED.findall(string)) != set(FIXED.findall(key[0])):
            yield f"other placeholders or tags: {_shown(key)} → {string!r}"


def _texts(catalog: Iterable[Message]) -> list[Message]:
    return [message for message in catalog if message.id]


def _key(message: Message) -> Key:
    text = message.id[-1] if isinstance(message.id, list | tuple) else message.id
    return text, message.context or ""


def _shown(key: Key) -> str:
    text, context = key
    return f"{text!r} ({context})" if context else repr(text)


@cache
def for_scripts(language: str) -> dict[str, Any]:
    """What scripts say in this language: text → translation, or its plural forms. Empty for the sources' own."""
    compiled = path(to_locale(language), "djangojs", ".mo")
    if language == settings.LANGUAGE_CODE or not compiled.exists():
        return {}
    with compiled.open("rb") as file:
        return {_first(message): message.string for message in _texts(read_mo(file))}


def _first(message: Message) -> str:
    return message.id[0] if isinstance(message.id, list | tuple) else message.id
