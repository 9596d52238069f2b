"""deskhand: an office assistant that turns a sentence or a YAML process into a checked plan and runs it once.

Importing this package loads nothing: every module imports what it needs, when it needs it, so that
`agent --help` stays quick.
"""

__version__ = "0.1.0"
