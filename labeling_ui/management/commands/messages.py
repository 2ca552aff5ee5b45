"""Bring the catalogs of translations up to date with the sources."""

from typing import Any

from django.core.management.base import BaseCommand

from labeling_ui.translations import catalogs


class Command(BaseCommand):
    help = (
        "Write new texts into the translations (.po), remove those that are gone, and list what is left to translate."
    )
    requires_system_checks: list[str] = []

    def handle(self, *_: Any, **__: Any) -> None:
        for language in catalogs.languages():
            for domain in catalogs.DOMAINS:
                catalogs.update(language, domain)
                self._tell(f"{language}/{domain}.po", catalogs.faults(language, domain))

    def _tell(self, name: str, faults: list[str]) -> None:
        self.stdout.write(f"{name}: {len(faults)} to do" if faults else f"{name}: complete")
        for fault in faults:
            self.stdout.write(f"  {fault}")
