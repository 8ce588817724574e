"""The native JSON API under /api, for what Bedrock has no word for; the page is its first user."""
