"""The migrations before the first release one by one, as a database that was made before it has run them."""

from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader


class Loader(MigrationLoader):
    """Knows nothing of what they were squashed to; what comes after that comes after the last of them.

    Django's own, asked for one of them, knows the tables of both ways at once: also those that come after it.
    """

    def load_disk(self):
        super().load_disk()
        for key, found in list(self.disk_migrations.items()):
            if key[0] == "annotation" and found.replaces:
                del self.disk_migrations[key]
                for later in self.disk_migrations.values():
                    later.dependencies = [found.replaces[-1] if one == key else one for one in later.dependencies]


def executor(connection):
    one_by_one = MigrationExecutor(connection)
    one_by_one.loader = Loader(connection)
    return one_by_one
