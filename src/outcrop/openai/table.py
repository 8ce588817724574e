"""Every endpoint by its method and path."""

from __future__ import annotations

from collections.abc import Mapping

from outcrop.openai.call import Endpoint
from outcrop.openai.chat import create_completion
from outcrop.openai.embeddings import create_embeddings
from outcrop.openai.files import create_file, delete_file, get_content, get_file, list_files
from outcrop.openai.models import get_model, list_models
from outcrop.openai.responses import (
    create_response,
    delete_response,
    get_response,
    list_input,
)
from outcrop.openai.vector_store_files import (
    attach_file,
    attached_content,
    cancel_batch,
    change_attached,
    create_batch,
    detach_file,
    get_attached,
    get_batch,
    list_attached,
    list_batch,
)
from outcrop.openai.vector_store_search import search_store
from outcrop.openai.vector_stores import change_store, create_store, delete_store, get_store, list_stores

STORE = "/v1/vector_stores/{store}"
UPLOADS = frozenset({("POST", "/v1/files")})
"""The endpoints whose body is a form with a file."""

ROUTES: Mapping[tuple[str, str], Endpoint] = {
    ("GET", "/v1/models"): list_models,
    ("GET", "/v1/models/{model:path}"): get_model,
    ("POST", "/v1/chat/completions"): create_completion,
    ("POST", "/v1/responses"): create_response,
    ("GET", "/v1/responses/{response}"): get_response,
    ("DELETE", "/v1/responses/{response}"): delete_response,
    ("GET", "/v1/responses/{response}/input_items"): list_input,
    ("POST", "/v1/embeddings"): create_embeddings,
    ("POST", "/v1/files"): create_file,
    ("GET", "/v1/files"): list_files,
    ("GET", "/v1/files/{file}"): get_file,
    ("DELETE", "/v1/files/{file}"): delete_file,
    ("GET", "/v1/files/{file}/content"): get_content,
    ("POST", "/v1/vector_stores"): create_store,
    ("GET", "/v1/vector_stores"): list_stores,
    ("GET", STORE): get_store,
    ("POST", STORE): change_store,
    ("DELETE", STORE): delete_store,
    ("POST", f"{STORE}/search"): search_store,
    ("POST", f"{STORE}/files"): attach_file,
    ("GET", f"{STORE}/files"): list_attached,
    ("GET", f"{STORE}/files/{{file}}"): get_attached,
    ("POST", f"{STORE}/files/{{file}}"): change_attached,
    ("DELETE", f"{STORE}/files/{{file}}"): detach_file,
    ("GET", f"{STORE}/files/{{file}}/content"): attached_content,
    ("POST", f"{STORE}/file_batches"): create_batch,
    ("GET", f"{STORE}/file_batches/{{batch}}"): get_batch,
    ("POST", f"{STORE}/file_batches/{{batch}}/cancel"): cancel_batch,
    ("GET", f"{STORE}/file_batches/{{batch}}/files"): list_batch,
}
