"""The triggers of each table: rows that never change, and histories that write themselves.

What is hashed is told apart by it in the database: change a trigger by a migration of its own, never here.
"""

from pgtrigger.compiler import Trigger, UpsertTriggerSql
from pgtrigger.migrations import AddTrigger

REFUSAL = "RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;"


def refused(model, name, suffix, hash, **condition):
    sql = UpsertTriggerSql(
        func=REFUSAL,
        hash=hash,
        operation="UPDATE OR DELETE",
        pgid=f"pgtrigger_{name}_{suffix}",
        table=f"annotation_{model}",
        when="BEFORE",
        **condition,
    )
    return Trigger(name=name, sql=sql)


def append_only(model, suffix, hash):
    return refused(model, "append_only", suffix, hash)


def recorded(model, act, columns, suffix, hash):
    """Each insert or update of these columns as a row of the table of events."""
    values = {name: f'NEW."{name}"' for name in columns} | {
        "pgh_context_id": "_pgh_attach_context()",
        "pgh_created_at": "NOW()",
        "pgh_label": f"'{act}'",
        "pgh_obj_id": 'NEW."id"',
    }
    into = ", ".join(f'"{name}"' for name in sorted(values))
    what = ", ".join(values[name] for name in sorted(values))
    condition = {"condition": f"WHEN ({changed(columns)})"} if act == "update" else {}
    sql = UpsertTriggerSql(
        func=f'INSERT INTO "annotation_{model}event" ({into}) VALUES ({what}); RETURN NULL;',  # nosec B608 # of constants
        hash=hash,
        operation=act.upper(),
        pgid=f"pgtrigger_{act}_{act}_{suffix}",
        table=f"annotation_{model}",
        when="AFTER",
        **condition,
    )
    return Trigger(name=f"{act}_{act}", sql=sql)


def changed(columns):
    if "id" in columns:  # the whole row is kept
        return "OLD.* IS DISTINCT FROM NEW.*"
    return " OR ".join(f'OLD."{name}" IS DISTINCT FROM (NEW."{name}")' for name in columns)


MEMBERSHIP = ["id", "project_id", "role", "user_id"]
PROBLEM = ["answer", "split", "withdrawn_at"]
MODELVERSION = ["state"]
LABELER = ["admission", "paused_because", "state"]
SNAPSHOT = ["sha256"]
EXCLUSION = [
    "created_at",
    "created_by_id",
    "id",
    "labeler_id",
    "lifted_at",
    "lifted_by_id",
    "project_id",
    "reason",
    "since",
]
GOLD = [
    "created_at",
    "created_by_id",
    "error_steps",
    "explanation",
    "id",
    "kind",
    "origin",
    "project_id",
    "retired_at",
    "solution_id",
]

TRIGGERS = {
    "membership": [
        recorded("membership", "insert", MEMBERSHIP, "dd9f4", "fb597546efd8490ce165385476d98c3b090cdf7d"),
        recorded("membership", "update", MEMBERSHIP, "f622e", "71379d13f172716390abfde07d61f80cfadb3292"),
    ],
    "problem": [recorded("problem", "update", PROBLEM, "cec33", "fa18c47d76fb85113650f7a04ce10d18a10ee942")],
    "modelversion": [
        recorded("modelversion", "update", MODELVERSION, "f78e2", "fdce35c5c71aa68155c0c081a0813372914da12c")
    ],
    "membershipevent": [append_only("membershipevent", "9a94b", "b654b526babea3b5c07810a963bec7bc69494d36")],
    "labeler": [
        recorded("labeler", "insert", LABELER, "71a8f", "042be8b651386a4492fdd903cd833f2471aa1ca6"),
        recorded("labeler", "update", LABELER, "458d8", "25bc18eb97f3c081c0c8febfe76b895081db5e67"),
    ],
    "auditevent": [append_only("auditevent", "1f06c", "2fd16df29965ffc330ecc000de670a775449fc5c")],
    "snapshot": [
        recorded("snapshot", "insert", SNAPSHOT, "58faa", "eca3a0ca7de4fdb0e3b5944526c62ee56883e9e4"),
        recorded("snapshot", "update", SNAPSHOT, "36fdf", "ce526f0ff64718adad24303122ba82a6d40e394a"),
    ],
    "label": [append_only("label", "9aeef", "dcbc4262c6283fedb875a9543897e4355f5faaf3")],
    "steprating": [append_only("steprating", "173d2", "c508e396967b3a4ba4c1e5141fd58bc7072c480d")],
    "importedrecord": [append_only("importedrecord", "9e50f", "261fb16a8c3fd85b97e11097210fe28d6b1503a7")],
    "labelextension": [append_only("labelextension", "666e7", "124d95a694cf3d0228d5f205a7ef00508042d81b")],
    "optionset": [
        refused(
            "optionset",
            "frozen_when_ready",
            "94961",
            "ba06c7112285df17fff30ac8e5323e614737dcb2",
            condition='WHEN (OLD."is_ready")',
        )
    ],
    "exclusion": [
        recorded("exclusion", "insert", EXCLUSION, "cc5b6", "c619e5d3d346e43268e64c5fdecb37134ab1c661"),
        recorded("exclusion", "update", EXCLUSION, "4a139", "6d70d9023d7e59e06e4f989230af1adc0906d925"),
    ],
    "exclusionevent": [append_only("exclusionevent", "645b1", "c41a0e8778916261e7767deb9ec19a9a7ca60619")],
    "gold": [
        recorded("gold", "insert", GOLD, "8b322", "3e035690f4ed5d8c93bab98252468c4f4b0b6d12"),
        recorded("gold", "update", GOLD, "85799", "defedad25e77c3b965873533e004c003e4cbd215"),
    ],
    "goldevent": [append_only("goldevent", "00a0d", "4a7f1ca6f476a936c16af92cc0c7e9fbfb902cdd")],
    "labelerevent": [append_only("labelerevent", "3b89f", "7e854ef739ccf2e5c778c424293d70b5749ad517")],
    "modelversionevent": [append_only("modelversionevent", "4deba", "cadd48462cbc2226988b8426eb54cfe4a965a485")],
    "problemevent": [append_only("problemevent", "40105", "a2edd5e4c097297310c3b8977b3bb0ba3099f220")],
    "snapshotevent": [append_only("snapshotevent", "4f526", "268f926b4ac68198953d5faf5f35a8f969fbe4c1")],
    "truthchange": [append_only("truthchange", "519a1", "afa9976b7df86f3ca0530c3fa5c8d83e5159d9e7")],
    "automaticlabel": [append_only("automaticlabel", "bc8c3", "94ed81a8a923900abd3be83e9ec6dcbb8f9badfa")],
}


def added(*models):
    return [AddTrigger(model_name=model, trigger=trigger) for model in models for trigger in TRIGGERS[model]]
