"""Reads files: one parser a family of formats, run in guarded processes."""
