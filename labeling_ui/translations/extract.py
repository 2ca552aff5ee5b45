"""Every text that people read, out of the sources: templates, Python, refusals, names of choices, scripts."""

import ast
import json
import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from babel.messages.extract import DEFAULT_KEYWORDS, extract
from django.conf import settings
from django.db.models import TextChoices
from django.utils.translation.template import templatize

from annotation.models.jobs import JobState
from annotation.models.problems import Grade
from annotation.models.projects import AnswerPolicy, HumanStepWhen, ReadAhead, Role, Scope, Strategy, TrainingMode
from annotation.models.rounds import RoundState
from annotation.models.slots import Arm
from annotation.models.snapshots import Format
from annotation.models.webhooks import DeliveryState, WebhookEvent

# Where a text stands (a path below the project), the text (a string, or its singular and plural), and its context.
Found = tuple[str, str | tuple[str, ...], str | None]

PYTHON_KEYWORDS = DEFAULT_KEYWORDS | {
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext_lazy": (1, 2),
    "pgettext_lazy": ((1, "c"), 2),
}
LITERAL = r'"(?:[^"\\\n]|\\.)*"'
SAID = re.compile(rf"\(\s*({LITERAL})(?:\s*,\s*({LITERAL}))?\s*[,)]")
# Calls of js/words.js; not methods of that name.
CALL = re.compile(r"(?<![\w.#])(?<!function )say(?:Many)?(?=\()")
COMMENT = re.compile(r"^\s*(?://|/?\*).*", re.MULTILINE)
# Choices whose names are shown on pages; templates translate them where they show them.
CHOICES: list[type[TextChoices]] = [
    Role,
    RoundState,
    JobState,
    Arm,
    Grade,
    AnswerPolicy,
    ReadAhead,
    HumanStepWhen,
    Strategy,
    Scope,
    TrainingMode,
    Format,
    WebhookEvent,
    DeliveryState,
]
# The context of those whose words mean something else elsewhere: to correct is an act, too.
CONTEXTS: dict[type[TextChoices], str] = {Grade: "answer"}


def pages_and_code() -> Iterator[Found]:
    """The texts of the catalog `django`."""
    for path in _files("labeling_ui/templates", ".html"):
        yield from _extracted(path, _as_python(path))
    for package in ("annotation", "labeling_ui"):
        for path in _files(package, ".py"):
            yield from _extracted(path, path.read_bytes())
    yield from _refusals()
    for choices in CHOICES:
        for label in choices.labels:
            yield _module_path(choices.__module__), str(label), CONTEXTS.get(choices)


def scripts() -> Iterator[Found]:
    """The texts of the catalog `djangojs`. Raises ValueError where a script says what is not a literal."""
    for path in _files("labeling_ui/static/labeling_ui/js", ".js"):
        for text in said(path.read_text(), path.name):
            yield _short(path), text, None


def said(source: str, name: str) -> Iterator[str | tuple[str, str]]:
    """Babel's own reader of JavaScript passes over a call within a call; all that we need is literals after a name."""
    source = COMMENT.sub("", source)
    for call in CALL.finditer(source):
        texts = SAID.match(source, call.end())
        if texts is None or (call[0] == "sayMany") != bool(texts[2]):
            raise ValueError(f"{name}: {source[call.start() :].splitlines()[0]} – say() takes its text as a literal.")
        one = str(json.loads(texts[1]))
        yield (one, str(json.loads(texts[2]))) if texts[2] else one


def _files(folder: str, suffix: str) -> list[Path]:
    found = (settings.BASE_DIR / folder).rglob(f"*{suffix}")
    return sorted(path for path in found if "node_modules" not in path.parts and "migrations" not in path.parts)


def _extracted(path: Path, source: bytes) -> Iterator[Found]:
    file = BytesIO(source)
    file.name = _short(path)  # named in warnings, such as that of an empty text
    for _, text, _, context in extract("python", file, keywords=PYTHON_KEYWORDS):
        yield _short(path), text, context


def _as_python(path: Path) -> bytes:
    """The template with all but its texts blanked. Indents go too: to a Python reader they would be blocks."""
    lines = templatize(path.read_text(), origin=str(path)).splitlines()
    return "\n".join(line.strip() for line in lines).encode()


def _refusals() -> Iterator[Found]:
    """The sentence of each refusal, which is its docstring, and what is said in its place where one is raised."""
    nodes = [(path, node) for path in _files("annotation/services", ".py") for node in _walk(path)]
    names = _heirs([node for _, node in nodes if isinstance(node, ast.ClassDef)])
    for path, node in nodes:
        match node:
            case ast.ClassDef(name=name) if name in names:
                yield _short(path), " ".join((ast.get_docstring(node) or "").split()), None
            case ast.Call(
                func=ast.Name(id=name) | ast.Attribute(attr=name), args=[ast.Constant(value=str(text)), *_]
            ) if name in names:
                yield _short(path), text, None


def _heirs(classes: list[ast.ClassDef]) -> set[str]:
    """The names of Refusal and of every class that inherits from it, however distantly."""
    names: set[str] = set()
    while more := {one.name for one in classes if one.name == "Refusal" or _bases(one) & names} - names:
        names |= more
    return names


def _bases(one: ast.ClassDef) -> set[str]:
    return {base.id if isinstance(base, ast.Name) else getattr(base, "attr", "") for base in one.bases}


def _walk(path: Path) -> Iterator[ast.AST]:
    return ast.walk(ast.parse(path.read_text()))


def _module_path(name: str) -> str:
    return name.replace(".", "/") + ".py"


def _short(path: Path) -> str:
    return str(path.relative_to(settings.BASE_DIR))
