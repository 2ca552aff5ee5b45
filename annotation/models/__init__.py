from annotation.models.accounts import User
from annotation.models.audit import AuditEvent
from annotation.models.invitations import Invitation
from annotation.models.jobs import Job
from annotation.models.labelers import Labeler
from annotation.models.labels import ImportedRecord, Label, StepRating
from annotation.models.problems import Problem, Solution
from annotation.models.projects import Instructions, Membership, Project
from annotation.models.rounds import Round
from annotation.models.scoring import ModelVersion, SolutionScore
from annotation.models.slots import Draft, Lease, Slot
from annotation.models.snapshots import Snapshot

__all__ = [
    "AuditEvent",
    "Draft",
    "ImportedRecord",
    "Instructions",
    "Invitation",
    "Job",
    "Label",
    "Labeler",
    "Lease",
    "Membership",
    "ModelVersion",
    "Problem",
    "Project",
    "Round",
    "Slot",
    "Snapshot",
    "Solution",
    "SolutionScore",
    "StepRating",
    "User",
]
