"""`/v1/files`: uploads, which vector stores and messages refer to by their ids."""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args
from urllib.parse import quote

from pydantic import Field
from starlette.datastructures import UploadFile

from outcrop.core.records import Upload
from outcrop.openai.call import Call, Reply, json_reply
from outcrop.openai.errors import ApiError, refused
from outcrop.openai.listing import Window, list_object, page, query

Purpose = Literal["assistants", "batch", "fine-tune", "vision", "user_data", "evals"]
PURPOSES: tuple[str, ...] = get_args(Purpose)
MAX_FILES = 10_000


class FilesWindow(Window):
    """Which files are asked for."""

    limit: Annotated[int, Field(ge=1, le=MAX_FILES)] = MAX_FILES
    purpose: str | None = None


async def create_file(call: Call) -> Reply:
    """Keep a file."""
    fields = dict(call.form or {})
    expiry = next((name for name in fields if name.startswith("expires_after")), None)
    if expiry is not None:
        raise refused("expires_after", "Outcrop does not support 'expires_after': a file stays until it is deleted.")
    unknown = next((name for name in fields if name not in {"file", "purpose"}), None)
    if unknown is not None:
        raise ApiError(f"Unknown parameter: {unknown!r}.", code="unknown_parameter", param=unknown)
    file, purpose = fields.get("file"), fields.get("purpose")
    if not isinstance(file, UploadFile):
        raise ApiError("Missing required parameter: 'file'.", code="missing_required_parameter", param="file")
    if purpose not in PURPOSES:
        raise ApiError(f"Invalid value for 'purpose': it is one of {', '.join(PURPOSES)}.", param="purpose")
    content = await file.read()
    made = await call.services.uploads.create(file.filename or "", content, str(purpose), file.content_type)
    return json_reply(file_object(made))


async def list_files(call: Call) -> Reply:
    """The files, newest first."""
    window = query(FilesWindow, call.query)
    every = await call.services.uploads.list()
    wanted = [one for one in every if window.purpose in {None, one.purpose}]
    found, more = page(wanted, window, lambda one: one.id)
    return json_reply(list_object([file_object(one) for one in found], more=more))


async def get_file(call: Call) -> Reply:
    """One file."""
    return json_reply(file_object(await call.services.uploads.get(call.path["file"])))


async def get_content(call: Call) -> Reply:
    """What is in a file. It is handed out as a file to be saved, whatever it is: never shown by a browser."""
    upload, content = await uploaded(call, call.path["file"])
    headers = {
        "content-type": "application/octet-stream",
        "content-disposition": f"attachment; filename*=utf-8''{quote(upload.name, safe='')}",
        "x-content-type-options": "nosniff",
    }
    return Reply(body=content, headers=headers)


async def delete_file(call: Call) -> Reply:
    """Delete a file, and take it out of the vector stores that it is in."""
    upload = await call.services.uploads.get(call.path["file"])
    await call.services.attachments.detach_everywhere(upload.id)
    await call.services.uploads.delete(upload.id)
    return json_reply({"id": upload.id, "object": "file", "deleted": True})


async def uploaded(call: Call, file_id: str) -> tuple[Upload, bytes]:
    """A file and its content. Raises NotFound."""
    upload = await call.services.uploads.get(file_id)
    return upload, await call.services.uploads.content(upload)


def file_object(upload: Upload) -> dict[str, Any]:
    """A file as OpenAI shows it."""
    return {
        "id": upload.id,
        "object": "file",
        "bytes": upload.size,
        "created_at": int(upload.created_at.timestamp()),
        "expires_at": None,
        "filename": upload.name,
        "purpose": upload.purpose,
        "status": "processed",
        "status_details": None,
    }
