"""Answers questions over a knowledge base: retrieve, pack, generate, cite, refuse, remember."""
