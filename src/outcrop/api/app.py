"""The native API as an ASGI application."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from outcrop.api import health, jobs, routes
from outcrop.core.errors import Kind, OutcropError
from outcrop.web.asgi import App
from outcrop.web.body import MIB, limited
from outcrop.web.guards import same_site

if TYPE_CHECKING:
    from outcrop.services import Services

STATUSES: Mapping[Kind, int] = {
    "invalid": 400,
    "not_found": 404,
    "conflict": 409,
    "denied": 403,
    "unsupported": 400,
    "throttled": 429,
    "timeout": 504,
    "unavailable": 503,
    "internal": 500,
}
API_VERSION = "1"  # of this API, which grows without breaking what is there
KINDS: Mapping[int, str] = {401: "denied", 404: "not_found", 405: "unsupported"}


def api_app(services: Services) -> App:
    """The application for /api, /health and /ready."""
    app = FastAPI(
        title="Outcrop", version=API_VERSION, docs_url=None, redoc_url=None, openapi_url="/api/openapi.json"
    )  # the docs pages would load scripts from elsewhere
    app.state.services = services
    app.include_router(routes.router)
    app.include_router(jobs.router)
    app.include_router(health.router)
    app.add_exception_handler(OutcropError, _outcrop_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(HTTPException, _http_error)
    settings = services.settings
    return same_site(limited(app, settings.max_body_mb * MIB), settings.host, settings.allowed_hosts)


def _error(status: int, kind: str, message: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    return JSONResponse({"kind": kind, "message": message}, status, headers)


async def _outcrop_error(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, OutcropError)  # noqa: S101 # registered for it alone
    return _error(STATUSES[error.kind], error.kind, error.message)


async def _validation_error(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101 # registered for it alone
    problems = [f"{'.'.join(str(part) for part in one['loc'])}: {one['msg']}" for one in error.errors()[:10]]
    return _error(400, "invalid", "; ".join(problems))


async def _http_error(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101 # registered for it alone
    return _error(error.status_code, KINDS.get(error.status_code, "invalid"), str(error.detail), error.headers)
