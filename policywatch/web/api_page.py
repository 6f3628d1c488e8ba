"""GET /api: the JSON API's reference, and the schema of webhooks."""

from __future__ import annotations

from fastapi import Request, Response
from fastapi.responses import JSONResponse

from policywatch.views.json_models import WebhookMessage
from policywatch.web.page_context import page_context
from policywatch.web.rendering import page_router, render

_SCHEMA = "/static/webhook.schema.json"
router = page_router()


@router.get("/api")
def api_page(request: Request) -> Response:
    return render(request, "api.html", api=request.app.openapi())


@router.get(_SCHEMA)
def webhook_schema(request: Request) -> Response:
    """In one file; `$id` says where it is from."""
    schema = WebhookMessage.model_json_schema(mode="serialization")
    named = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": page_context(request).whole(_SCHEMA),
    }
    return JSONResponse(named | schema, media_type="application/schema+json")
