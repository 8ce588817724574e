"""The contract suites that every adapter passes, shipped so that others can test an adapter of their own."""
