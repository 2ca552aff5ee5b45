from whitenoise.storage import CompressedManifestStaticFilesStorage


class HashedModules(CompressedManifestStaticFilesStorage):  # type: ignore[misc]  # whitenoise has no types
    """Hashed, compressed static files in which `import "./other.js";` names the hashed file too."""

    support_js_module_import_aggregation = True
