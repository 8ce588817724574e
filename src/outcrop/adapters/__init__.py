"""The outside world, one adapter a file, each loaded only when chosen."""
