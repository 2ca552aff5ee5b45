"""Many tables at once."""

from django.db.migrations.operations.base import Operation


class CreateTogether(Operation):
    """Creates tables whose models are rendered once, all together.

    With one operation for each, Django renders for each again all models that are related to it, which are nearly all.
    """

    reversible = True

    def __init__(self, tables):
        self.tables = tables

    def state_forwards(self, app_label, state):
        state.__dict__.pop("apps", None)  # what was rendered; whoever asks next has it rendered again
        for table in self.tables:
            table.state_forwards(app_label, state)

    def database_forwards(self, app_label, schema_editor, from_state, to_state):
        for table in self.tables:
            table.database_forwards(app_label, schema_editor, from_state, to_state)
        # Django keeps some constraints back until the migration ends: too late for the foreign keys that need them.
        for statement in schema_editor.deferred_sql:
            schema_editor.execute(statement)
        schema_editor.deferred_sql.clear()

    def database_backwards(self, app_label, schema_editor, from_state, to_state):
        for table in reversed(self.tables):
            table.database_backwards(app_label, schema_editor, from_state, to_state)

    def describe(self):
        return f"Create {len(self.tables)} models"
