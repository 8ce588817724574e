"""Outcrop: knowledge bases and cited answers behind Amazon Bedrock's own API, on any model and any vector store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from outcrop.core.quiet import silence

if TYPE_CHECKING:
    from outcrop.app.local import Outcrop

__all__ = ["Outcrop", "__version__"]
__version__ = "0.1.0"

silence()


def __getattr__(name: str) -> Any:
    """Load the library on first use, so that `import outcrop` costs nothing."""
    if name == "Outcrop":
        from outcrop.app.local import Outcrop

        return Outcrop
    raise AttributeError(f"module 'outcrop' has no attribute {name!r}")
