"""The gateway to models: which there are, and how one is asked within its limits, again, or another in its place."""
