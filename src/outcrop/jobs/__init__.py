"""Durable work: who does it, in which steps, and when it is due."""
