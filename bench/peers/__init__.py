"""The engines that are compared: each a file here, run as a child process in the Python that has it installed.

This package is imported by every one of those Pythons, so it needs the standard library and numpy only.
"""
