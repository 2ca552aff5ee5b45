"""What a practice run of a project goes through, as its page needs it."""

from typing import Any

from annotation.models import Project
from labeling_ui.lessons import options, solutions_mistakes, solutions_progress
from labeling_ui.lessons.shapes import BAD, GREAT, OKAY, Lesson, Step, Theme

SOLUTIONS = (
    solutions_progress.NOTEBOOKS,
    solutions_mistakes.EQUATION,
    solutions_mistakes.BALLS,
    solutions_progress.REMAINDER,
    solutions_mistakes.COINS,
    solutions_mistakes.FACTOR,
    solutions_progress.CIRCLE,
    solutions_mistakes.TRIANGLE,
    solutions_progress.RECTANGLE,
    solutions_progress.DIGITS,
)
OPTIONS = (options.MULTIPLES, options.JOURNEY, options.SQUARES)


def lessons(project: Project) -> tuple[Lesson, ...]:
    if project.phase == 1:
        return OPTIONS
    return (*SOLUTIONS, options.INSTEAD) if has_options(project) else SOLUTIONS


def has_options(project: Project) -> bool:
    """Whether labelers of the project rate more than one step at a place."""
    return project.phase == 1 or project.alternatives > 0


def data(project: Project) -> dict[str, Any]:
    """Lessons and themes in the language of the page; the page reads it by json_script."""
    return {
        "phase": project.phase,
        "lessons": [_lesson(lesson) for lesson in lessons(project)],
        "themes": {theme.name: {"title": str(theme.title), "advice": str(theme.advice)} for theme in Theme},
    }


def _lesson(lesson: Lesson) -> dict[str, Any]:
    return {
        "name": lesson.name,
        "title": str(lesson.title),
        "problem": str(lesson.problem),
        "guess": str(lesson.guess),
        "before": [str(text) for text in lesson.before],
        "steps": [_step(step) for step in lesson.steps],
        "after": [str(text) for text in lesson.after],
        "closing": str(lesson.closing),
        "are_options": lesson.are_options,
    }


def _step(step: Step) -> dict[str, Any]:
    return {
        "text": str(step.text),
        "right": step.right,
        "theme": step.theme.name if step.theme else None,
        "why": {rating: step.explanation(rating) for rating in (BAD, OKAY, GREAT)},
    }
