"""What no linter knows."""

import re
from pathlib import Path

import pytest

from tests.architecture.test_budgets import ROOT, tracked

MARKUP_SINKS = re.compile(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function")
UNSAFE_TEMPLATE = re.compile(
    r"\|\s*safe\b|autoescape off|mark_safe|<style|<script(?![^>]*(src=|type=\"application/json\"))|\son[a-z]+=|\sstyle="
)


def text_of(name):
    return (ROOT / name).read_text(errors="replace")


@pytest.mark.parametrize("name", tracked("labeling_ui/static/**/*.js", "labeling_ui/static/*.js"))
def test_scripts_never_turn_text_into_markup(name):
    assert MARKUP_SINKS.findall(text_of(name)) == []


@pytest.mark.parametrize("name", tracked("labeling_ui/templates/**/*.html", "labeling_ui/templates/*.html"))
def test_templates_escape_everything_and_hold_no_inline_code(name):
    assert UNSAFE_TEMPLATE.findall(text_of(name)) == []


def test_module_imports_end_with_a_semicolon_so_that_hashed_names_reach_them():
    imports = re.compile(r"^\s*(?:import|export)\b[^;]*?from\s*[\"'][^\"']+[\"'](?!;)", re.MULTILINE)
    files = tracked("labeling_ui/static/**/*.js", "labeling_ui/static/*.js")

    assert files
    assert [name for name in files if imports.search(text_of(name))] == []


def test_nothing_unpickles_and_no_model_brings_code():
    banned = re.compile(r"\bpickle\b|torch\.load\(|trust_remote_code\s*=\s*True")
    files = [name for name in tracked("*.py") if not name.startswith("tests/")]

    assert [name for name in files if banned.search(text_of(name))] == []


def test_no_path_of_a_machine_is_written_down():
    home = re.compile(r"(?<![\w>{}])/(?:home|root|Users|work)/\w+")
    files = [
        name for name in tracked() if Path(name).suffix in {".py", ".md", ".toml", ".yml", ".txt", ".js", ".html", ""}
    ]

    assert [name for name in files if home.search(text_of(name)) and name != "tests/architecture/test_habits.py"] == []
