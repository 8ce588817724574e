"""Wires settings to adapters, adapters to services, and services to the server."""
