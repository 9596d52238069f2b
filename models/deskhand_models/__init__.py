"""The models room: the corpus from which the planner's GPT learns."""
