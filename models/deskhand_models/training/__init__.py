"""Training the planner: examples from the corpus, the loop, checkpoints.

Everything here may import torch; nothing outside this folder and `gpt` does. It refuses to touch evaluation sets.
"""
