"""Who may use Outcrop: callers, their access keys, and the token of the console."""
