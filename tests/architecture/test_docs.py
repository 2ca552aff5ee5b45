"""What the documents name is there: files, headings, commands with their options, routes; and one version everywhere."""

import importlib.util
import json
import re
import tomllib
from fnmatch import fnmatch

import pytest
from django.conf import settings
from django.core.management import get_commands, load_command_class
from django.urls import get_resolver

from active_learning.__main__ import main as science
from tests.access import matrix
from tests.architecture.test_budgets import PACKAGES, ROOT

PAGES = sorted(str(path.relative_to(ROOT)) for path in (*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")))
LINK = re.compile(r"\]\(([^)\s]+)\)")
CODE = re.compile(r"```\w*\n(.*?)```|((?:^ {4}[^\n]+\n)+)|(?<!`)`([^`\n]+)`(?!`)", re.DOTALL | re.MULTILINE)
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")
A_FILE = re.compile(r"^(?:[\w.-]+/)*[\w*{},-]+\.(?:py|md|js|mjs|toml|yml|txt|html|sh)$")
METHODS = r"(?:GET|POST|PUT|PATCH|DELETE)"
# Files that operators or proofs write, and one of another project.
MADE = {"eval.py", "host.yml", "docker-compose.override.yml", "short.md", "full.md"}


def text_of(name):
    return (ROOT / name).read_text()


def code_of(name):
    """Each piece of code on a page, lines that go on joined."""
    pieces = ("".join(found) for found in CODE.findall(text_of(name)))
    return [re.sub(r"\\\n\s*", "", piece) for piece in pieces]


def lines_of(name):
    return [line.split(" #")[0].strip() for piece in code_of(name) for line in piece.splitlines()]


def anchors(name):
    """As GitHub makes them of headings."""
    headings = re.findall(r"^#+ (.+)$", text_of(name), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("name", PAGES)
def test_every_link_leads_to_a_file_and_to_a_heading_of_it(name):
    dead = []
    for link in LINK.findall(text_of(name)):
        path, _, anchor = link.partition("#")
        target = (ROOT / name).parent / path if path else ROOT / name
        if not link.startswith("http") and not (target.exists() and (not anchor or anchor in anchors(target))):
            dead.append(link)

    assert dead == []


def test_every_file_that_a_page_names_is_there():
    folders = [ROOT / name for name in (*PACKAGES, "tests", "docs", ".ci", "requirements")]
    files = [*ROOT.iterdir(), *(path for folder in folders for path in folder.rglob("*"))]
    named = {(page, word) for page in PAGES for piece in code_of(page) for word in piece.split() if A_FILE.match(word)}

    def is_there(word):
        alternatives = re.sub(r"\{(.*?),.*?\}", r"\1", word)
        return any(fnmatch(file.as_posix(), f"*/{alternatives}") for file in files)

    assert len(named) > 100
    assert sorted(one for one in named if one[1] not in MADE and not is_there(one[1])) == []


def test_every_target_of_make_that_a_page_names_is_there():
    targets = set(re.findall(r"^([a-z-]+):", text_of("Makefile"), re.MULTILINE))
    named = {(page, target) for page in PAGES for line in lines_of(page)
             for target in re.findall(r"(?:^|[|:] )make ([a-z][a-z-]*)", line)}  # fmt: skip

    assert len(named) > 20
    assert sorted(one for one in named if one[1] not in targets) == []


def calls(start, commands):
    """(page, command, options) of each line that calls one; `start` is what stands before the name of the command."""
    call = re.compile(rf"{start}({'|'.join(sorted(commands, key=len, reverse=True))})(?![\w-])(.*)")
    for page in PAGES:
        for line in lines_of(page):
            if found := call.search(line):
                command, rest = found.groups()
                yield page, command, OPTION.findall(re.split(r" (?:&&|\|) ", rest)[0])


def test_every_command_of_manage_py_that_a_page_names_is_there_with_its_options():
    commands = get_commands()
    named = {(page, name) for page in PAGES for line in lines_of(page)
             for name in re.findall(r"manage\.py ([a-z_]+)", line)}  # fmt: skip
    unknown = [one for one in named if one[1] not in commands and one[1] != "help"]
    wrong = [
        (page, name, option)
        for page, name, options in calls(r"(?:manage\.py |^)", commands)
        for option in options
        if option not in load_command_class(commands[name], name).create_parser("", name)._option_string_actions
    ]

    assert len(named) > 30
    assert unknown == []
    assert wrong == []


def test_every_command_of_the_science_that_a_page_names_is_there_with_its_options(capsys):
    def help_of(*arguments):
        with pytest.raises(SystemExit):
            science([*arguments, "--help"])
        return capsys.readouterr().out

    commands = set(re.findall(r"^    ([a-z][a-z-]+)", help_of(), re.MULTILINE))
    options_of = {name: set(OPTION.findall(help_of(name))) for name in commands}
    named = {(page, name) for page in PAGES for line in lines_of(page)
             for name in re.findall(r"-m active_learning ([a-z][a-z-]*)", line)}  # fmt: skip

    assert len(named) > 30
    assert sorted(one for one in named if one[1] not in commands) == []
    assert [
        (page, name, option)
        for page, name, options in calls("(?:-m active_learning |^)", commands)
        for option in options
        if option not in options_of[name]
    ] == []


def test_every_module_that_a_page_starts_is_there():
    named = {(page, name) for page in PAGES for line in lines_of(page)
             for name in re.findall(r"-m ((?:tests|active_learning)[\w.]*)", line)}  # fmt: skip

    assert len(named) > 5
    assert [one for one in named if importlib.util.find_spec(one[1]) is None] == []


def short(path):
    return re.sub(r"<[^>]*>", "<>", path.removeprefix("/api/v1").replace("/projects/<slug>", "") or "/")


def requests_of(line):
    """(method, path) of each request that a line of docs/api.md names, in the short ways in which it does."""
    methods, path, is_open = [], "", False
    for word in re.findall(r"`([^`]+)`", line.split(" | ")[0]):
        if found := re.fullmatch(rf"({METHODS})(?: (/[^?]*)\S*)?", word):
            methods = [*methods, found[1]] if is_open else [found[1]]
            is_open = found[2] is None
            path = path if is_open else short(found[2])
            ends = [] if is_open or (path.endswith("/") and path != "/") else [path]
        elif word.startswith("…/"):
            ends = [path[: path.rindex("<>") + 2] + word[1:]]
        else:
            ends = [path + word] if path.endswith("/") and re.fullmatch("[a-z-]+", word) else []
        yield from ((method, end) for method in methods for end in ends)


def test_the_page_of_the_api_names_every_request_that_there_is_and_no_other():
    (api,) = [one for one in get_resolver().url_patterns if str(one.pattern) == "api/"]
    paths = {one.name: short("/api/" + re.sub(r"<\w+:(\w+)>", r"<\1>", str(one.pattern))) for one in api.url_patterns}
    rows = {name: row for name, row in matrix.API.items() if name != "api_schema"}
    there = {(method, paths[name]) for name, row in rows.items() for method in row if re.fullmatch(METHODS, method)}

    assert {one for line in text_of("docs/api.md").splitlines() for one in requests_of(line)} == there


def test_the_version_is_one():
    version = tomllib.loads(text_of("pyproject.toml"))["project"]["version"]
    lock = json.loads(text_of("labeling_ui/package-lock.json"))

    assert re.search(r"^## (\d\S*) ", text_of("CHANGELOG.md"), re.MULTILINE)[1] == version
    assert [json.loads(text_of("labeling_ui/package.json"))["version"], lock["version"]] == [version] * 2
    assert lock["packages"][""]["version"] == version
    assert settings.SPECTACULAR_SETTINGS["VERSION"] == version
    images = re.findall(r"STEPMARK_VERSION(?::-|=)([\d.]+)", text_of("docker-compose.yml") + text_of(".env.example"))
    assert images == [version] * 3
