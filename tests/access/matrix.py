"""Who reaches which route by which method: the one table. A route without a line here fails test_matrix.py.

A line is `"name of the route": {"METHOD": who}`. `who` names the roles of a project that get through, with blanks
between; everybody else of the project is answered 403, people of other projects 404, who is not signed in is sent to
sign in (pages) or answered 401 (API). ANYBODY: no sign-in needed. SIGNED_IN: whoever has an account. A method that is
not in the line is taken from nobody (403 or 405).

In API a line also says what a token must be allowed to do, where it is not the usual: reading takes the scope read,
everything else the scope manage. A route with more in its address than the project's short name says in KWARGS which
object of the test's world it is shown; the same object must be 404 for everybody of another project.
"""

ANYBODY = "anybody"
SIGNED_IN = "signed in"
OWNER = "the lead of the first project, whose it is; not there for anybody else"
STRANGERS = "everybody but those of the project"
ANY_LEAD = "whoever leads a project, whichever it is"
LABELER = "labeler"
LEAD = "lead"
ML = "ml"
LEAD_ML = "lead ml"
LEAD_REVIEWER = "lead reviewer"
STAFF = "lead ml reviewer"

PAGES = {
    "api_docs": {"GET": ANYBODY},
    "home": {"GET": SIGNED_IN},
    "sign_in": {"GET": ANYBODY, "POST": ANYBODY},
    "sign_out": {"POST": ANYBODY},
    "invitation": {"GET": ANYBODY, "POST": STRANGERS},
    "preferences": {"POST": ANYBODY},
    "new_project": {"GET": ANY_LEAD, "POST": ANY_LEAD},
    "security": {"GET": SIGNED_IN, "POST": SIGNED_IN},
    "sign_out_everywhere": {"POST": SIGNED_IN},
    "second_factor": {"GET": ANYBODY, "POST": ANYBODY},
    "recovery_codes": {"POST": SIGNED_IN},
    "remove_second_factor": {"POST": SIGNED_IN},
    "personal_data": {"GET": SIGNED_IN, "POST": SIGNED_IN},
    "personal_data_file": {"GET": SIGNED_IN},
    "tokens": {"GET": SIGNED_IN, "POST": SIGNED_IN},
    "revoke_token": {"POST": OWNER},
    "oidc_start": {"GET": ANYBODY},
    "oidc_callback": {"GET": ANYBODY},
    "who": {"GET": ANYBODY},
    "healthz": {"GET": ANYBODY},
    "readyz": {"GET": ANYBODY},
    "label": {"GET": LABELER},
    "work": {"GET": LABELER},
    "acknowledge": {"POST": LABELER},
    "read_messages": {"POST": LABELER},
    "reply": {"POST": LABELER},
    "instructions": {"GET": "labeler lead ml reviewer"},
    "practice": {"GET": "labeler lead ml reviewer"},
    "practice_done": {"POST": LABELER},
    "project": {"GET": LEAD},
    "moment": {"GET": LEAD},
    "labelers": {"GET": LEAD},
    "labeler": {"GET": LEAD},
    "troubles": {"GET": LEAD},
    "trouble_list": {"GET": LEAD},
    "datasets": {"GET": LEAD, "POST": LEAD},
    "dataset_list": {"GET": LEAD},
    "cancel_dataset": {"POST": LEAD},
    "repeat_dataset": {"POST": LEAD},
    "publish_dataset": {"POST": LEAD},
    "dataset_file": {"GET": LEAD},
    "imports": {"GET": LEAD, "POST": LEAD},
    "import_list": {"GET": LEAD},
    "import": {"GET": LEAD},
    "import_state": {"GET": LEAD},
    "confirm_import": {"POST": LEAD},
    "cancel_import": {"POST": LEAD},
    "undo_import": {"POST": LEAD},
    "guidance": {"GET": LEAD, "POST": LEAD},
    "reports": {"GET": LEAD},
    "resolve_dispute": {"POST": LEAD},
    "review_flag": {"POST": LEAD},
    "adjudication": {"GET": LEAD_REVIEWER, "POST": LEAD},
    "case": {"GET": LEAD_REVIEWER, "POST": LEAD_REVIEWER},
    "problems": {"GET": LEAD},
    "problem": {"GET": LEAD, "POST": LEAD},
    "grade": {"POST": LEAD},
    "agreement": {"GET": LEAD},
    "behaviour": {"GET": LEAD},
    "audit": {"GET": LEAD},
    "project_settings": {"GET": LEAD, "POST": LEAD},
    "quality": {"GET": LEAD_REVIEWER},
    "quality_act": {"POST": LEAD},
    "gold": {"GET": LEAD_REVIEWER},
    "gold_file": {"POST": LEAD},
    "new_gold": {"GET": LEAD, "POST": LEAD},
    "gold_item": {"GET": LEAD_REVIEWER, "POST": LEAD},
    "mistakes": {"GET": LEAD_REVIEWER},
    "people": {"GET": LEAD, "POST": LEAD},
    "member": {"POST": LEAD},
    "withdraw_invitation": {"POST": LEAD},
    "pay_record": {"GET": LEAD},
    "rounds": {"GET": LEAD_ML, "POST": ML},
    "selection_settings": {"GET": LEAD_ML, "POST": LEAD_ML},
    "round": {"GET": LEAD_ML},
    "round_progress": {"GET": LEAD_ML},
    "cancel_round": {"POST": ML},
    "use_selector": {"POST": ML},
    "models": {"GET": LEAD_ML},
    "model": {"GET": LEAD_ML},
    "solution": {"GET": LEAD_ML},
}

# Scopes of tokens: the one that suffices, beside manage, which always does.
LABEL = "label"

API = {
    "api_schema": {"GET": ANYBODY},
    "api_projects": {"GET": SIGNED_IN, "scope": LABEL},
    "api_claim": {"POST": LABELER, "scope": LABEL},
    "api_heartbeat": {"POST": LABELER, "scope": LABEL},
    "api_labels": {"GET": LABELER, "POST": LABELER, "scope": LABEL},
    "api_reopen": {"GET": LABELER, "scope": LABEL},
    "api_alternatives": {"POST": LABELER, "scope": LABEL},
    "api_critiques": {"POST": LABELER, "scope": LABEL},
    "api_dialogue": {"POST": LABELER, "scope": LABEL},
    "api_acknowledge": {"GET": LABELER, "POST": LABELER, "scope": LABEL},
    "api_rounds": {"GET": LEAD_ML, "POST": ML},
    "api_round": {"GET": LEAD_ML},
    "api_round_picks": {"GET": LEAD_ML},
    "api_cancel_round": {"POST": ML},
    "api_datasets": {"GET": LEAD, "POST": LEAD},
    "api_dataset": {"GET": LEAD},
    "api_cancel_dataset": {"POST": LEAD},
    "api_repeat_dataset": {"POST": LEAD},
    "api_publish_dataset": {"POST": LEAD},
    "api_dataset_file": {"GET": LEAD},
    "api_models": {"GET": LEAD_ML},
    "api_model": {"GET": LEAD_ML},
    "api_solution_scores": {"GET": LEAD_ML},
}

# What stands in an address beside the short name: an attribute of the world (world.py), or a value as it is.
KWARGS = {
    "invitation": {"secret": "secret"},
    "reply": {"pk": "message.pk"},
    "labeler": {"pk": "labeler.pk"},
    "revoke_token": {"pk": "token.pk"},
    "member": {"pk": "membership.pk"},
    "withdraw_invitation": {"pk": "invitation.pk"},
    "quality_act": {"pseudonym": "labeler.pseudonym"},
    "gold_item": {"pk": "gold.pk"},
    "resolve_dispute": {"pk": "dispute.pk"},
    "review_flag": {"pk": "flag.pk"},
    "case": {"pk": "solution.pk"},
    "problem": {"pk": "problem.pk"},
    "import": {"pk": "import_batch.pk"},
    "import_state": {"pk": "import_batch.pk"},
    "confirm_import": {"pk": "import_batch.pk"},
    "cancel_import": {"pk": "import_batch.pk"},
    "undo_import": {"pk": "import_batch.pk"},
    "cancel_dataset": {"pk": "snapshot.pk"},
    "repeat_dataset": {"pk": "snapshot.pk"},
    "publish_dataset": {"pk": "snapshot.pk"},
    "dataset_file": {"pk": "snapshot.pk", "name": "file_name"},
    "api_dataset": {"pk": "snapshot.pk"},
    "api_cancel_dataset": {"pk": "snapshot.pk"},
    "api_repeat_dataset": {"pk": "snapshot.pk"},
    "api_publish_dataset": {"pk": "snapshot.pk"},
    "api_dataset_file": {"pk": "snapshot.pk", "name": "file_name"},
    "round": {"number": "round.number"},
    "round_progress": {"number": "round.number"},
    "cancel_round": {"number": "round.number"},
    "use_selector": {"number": "round.number"},
    "model": {"pk": "version.pk"},
    "solution": {"pk": "solution.pk"},
    "api_reopen": {"label": "label.pk"},
    "api_round": {"number": "round.number"},
    "api_round_picks": {"number": "round.number"},
    "api_cancel_round": {"number": "round.number"},
    "api_model": {"pk": "version.pk"},
    "api_solution_scores": {"pk": "solution.pk"},
}

# Where an empty body is answered 404 even to those who get through, one that is not.
BODIES = {
    ("member", "POST"): {"act": "pause", "reason": "A word first."},
    ("quality_act", "POST"): {"act": "pause", "reason": "A word first."},
    ("resolve_dispute", "POST"): {"act": "grader"},
    ("case", "POST"): {"act": "blind"},
    ("acknowledge", "POST"): {"version": 1},
    ("api_acknowledge", "POST"): {"version": 1},
}
