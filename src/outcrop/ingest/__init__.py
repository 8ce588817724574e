"""Keeps knowledge bases in step with their sources: change detection, the sync pipeline, and the proof."""
