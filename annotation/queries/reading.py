"""Whether a selector could learn from a project's labels: told before a round, not by its training."""

from django.conf import settings

from active_learning.vocabulary import MAX_UNKNOWN_SHARE, base_directory, unknown_share
from annotation.models import Label, Project, StepRating

LOOKED_AT = 200  # labels, as many as a training looks at


def is_unreadable(project: Project) -> bool:
    """A selector would be trained, and its base model does not know the words.

    False where the folder of the model does not tell, or is not on this machine: then the training finds it out. One
    query, and another one where words are missing.
    """
    labels = Label.objects.for_training().filter(project=project)
    solved = labels.values_list("solution__problem__text", "solution__steps")[:LOOKED_AT]
    texts = (text for problem, steps in solved.iterator() for text in (problem, steps[-1]))
    share = unknown_share(base_directory(project.base_model or settings.BASE_MODEL), texts)
    return share is not None and share > MAX_UNKNOWN_SHARE and labels.count() >= project.min_labels_to_train


def is_one_sided(project: Project) -> bool:
    """All steps that people rated are good ones, or all are bad: there is nothing to tell apart. Two queries."""
    ratings = StepRating.objects.filter(label__in=Label.objects.for_training().filter(project=project))
    return not (ratings.filter(rating=-1).exists() and ratings.filter(rating__in=[0, 1]).exists())
