"""The corpus: text files that people read and add to, with their reader and validator."""
