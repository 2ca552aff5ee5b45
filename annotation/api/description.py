"""What the OpenAPI description says beside what it finds out by itself; loaded with the routes."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension


class BearerTokenScheme(OpenApiAuthenticationExtension):
    """How the OpenAPI description calls it."""

    target_class = "annotation.api.access.BearerToken"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "description": "A token of your account: /accounts/tokens/"}
