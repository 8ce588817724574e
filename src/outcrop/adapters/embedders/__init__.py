"""Embedders: the bundled model, models that fastembed runs, and remote ones."""
