"""Vector stores: where points are kept and found."""
