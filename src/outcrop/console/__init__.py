"""The page for people, served from package data alone."""
