from annotation.models.accounts import OutsideIdentity, User
from annotation.models.audit import AuditEvent
from annotation.models.automatic import AutomaticLabel, AutomaticSource, Sampling
from annotation.models.imports import ImportBatch
from annotation.models.invitations import Invitation
from annotation.models.jobs import Job
from annotation.models.labelers import Labeler
from annotation.models.labels import Dispute, ImportedRecord, Label, LabelExtension, StepRating, UngradedAnswer
from annotation.models.messages import Message, MessageRead
from annotation.models.options import Critique, OptionSet
from annotation.models.problems import Problem, Solution
from annotation.models.projects import Acknowledgement, Instructions, Membership, Project
from annotation.models.pulses import Pulse
from annotation.models.quality import (
    Adjudication,
    Disagreement,
    Exclusion,
    FlagReview,
    Gold,
    GoldJudgement,
    PutBack,
    TruthChange,
)
from annotation.models.rounds import Round
from annotation.models.scoring import ModelVersion, SolutionScore
from annotation.models.slots import Draft, Lease, Slot
from annotation.models.snapshots import Publication, Snapshot
from annotation.models.tallies import Tally, TallyRun
from annotation.models.tokens import ApiToken
from annotation.models.webhooks import Delivery, Webhook

__all__ = [
    "Acknowledgement",
    "Adjudication",
    "ApiToken",
    "AuditEvent",
    "AutomaticLabel",
    "AutomaticSource",
    "Critique",
    "Delivery",
    "Disagreement",
    "Dispute",
    "Draft",
    "Exclusion",
    "FlagReview",
    "Gold",
    "GoldJudgement",
    "ImportBatch",
    "ImportedRecord",
    "Instructions",
    "Invitation",
    "Job",
    "Label",
    "LabelExtension",
    "Labeler",
    "Lease",
    "Membership",
    "Message",
    "MessageRead",
    "ModelVersion",
    "OptionSet",
    "OutsideIdentity",
    "Problem",
    "Project",
    "Publication",
    "Pulse",
    "PutBack",
    "Round",
    "Sampling",
    "Slot",
    "Snapshot",
    "Solution",
    "SolutionScore",
    "StepRating",
    "Tally",
    "TallyRun",
    "TruthChange",
    "UngradedAnswer",
    "User",
    "Webhook",
]
