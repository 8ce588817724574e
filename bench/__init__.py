"""Measurements: retrieval quality, and time, memory and size beside peers that do the same job."""
