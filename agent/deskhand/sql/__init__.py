"""Queries: parsed, typed and run."""
