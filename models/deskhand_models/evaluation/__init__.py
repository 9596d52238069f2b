"""The frozen examination of the planner: requests with a workspace each, and the state that they must leave.

`sets/` holds them as text (frozen: nothing is ever trained or tuned on them), `sets.py` reads them, `build.py`
makes their workspaces, `state.py` reads from outside what a plan left, `judge.py` compares it as a colleague
would, `evaluate.py` goes through a set, `report.py` and `page.py` tell how it went. This package refuses to plan
and to run anything by itself: both are functions that are handed in.
"""
