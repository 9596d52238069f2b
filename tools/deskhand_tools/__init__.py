"""The tools that ship with deskhand, each found by its entry point in `deskhand.tools`."""
