"""`python -m outcrop` is the command line."""

from outcrop.cli import main

main()
