"""Archives of embeddings."""
