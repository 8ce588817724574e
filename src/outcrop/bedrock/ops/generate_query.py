"""GenerateQuery, for knowledge bases over SQL: Outcrop has none, and says so of the one that is asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

from outcrop.bedrock.ops.knowledge_base_retrieval import knowledge_base
from outcrop.bedrock.table import Call, op
from outcrop.core.errors import Invalid, Unsupported

_SQL = "transformationConfiguration.textToSqlConfiguration"


@op(
    "bedrock-agent-runtime",
    "GenerateQuery",
    accepts=("queryGenerationInput.**", "transformationConfiguration.**"),
)
async def generate_query(
    call: Call, *, queryGenerationInput: Mapping[str, Any], transformationConfiguration: Mapping[str, Any]
) -> NoReturn:
    """Refused: there is no table behind a knowledge base of documents. Raises Unsupported, NotFound."""
    del queryGenerationInput
    given = transformationConfiguration.get("textToSqlConfiguration", {}).get("knowledgeBaseConfiguration")
    if given is None:
        raise Invalid(f"{_SQL}.knowledgeBaseConfiguration is required.")
    base = await knowledge_base(call, given["knowledgeBaseArn"])
    raise Unsupported(
        f"GenerateQuery needs a knowledge base of the type SQL; {base.id} is of the type VECTOR, the only one that "
        "Outcrop offers. Use Retrieve or RetrieveAndGenerate."
    )
