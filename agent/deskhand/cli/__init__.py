"""The command line `agent`."""
