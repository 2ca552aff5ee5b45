"""The migrations before the first release one by one, as a database that was made before it has run them."""

from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader


class Loader(MigrationLoader):
    """Knows nothing of what they were squashed to.

    Django's own, asked for one of them, knows the tables of both ways at once: also those that come after it.
    """

    def load_disk(self):
        super().load_disk()
        for key in [key for key, found in self.disk_migrations.items() if key[0] == "annotation" and found.replaces]:
            del self.disk_migrations[key]


def executor(connection):
    one_by_one = MigrationExecutor(connection)
    one_by_one.loader = Loader(connection)
    return one_by_one
