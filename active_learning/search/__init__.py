"""Choosing among solutions: finished ones by their answers, unfinished ones step by step.

voting: the weighted vote. beam: the beam search.
"""

from active_learning.search.beam import (
    Beam,
    Bonus,
    Candidate,
    Found,
    Proposal,
    Propose,
    SearchError,
    Value,
    beam_search,
)
from active_learning.search.voting import NO_VOTE, VoteError, answer_groups, weighted_vote, winning_groups

__all__ = [
    "NO_VOTE",
    "Beam",
    "Bonus",
    "Candidate",
    "Found",
    "Proposal",
    "Propose",
    "SearchError",
    "Value",
    "VoteError",
    "answer_groups",
    "beam_search",
    "weighted_vote",
    "winning_groups",
]
