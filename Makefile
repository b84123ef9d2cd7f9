# `make demo` and `make test` need nothing but python3 >= 3.11 with venv; everything else is set up in .venv.

SHELL := /bin/bash
BIN := .venv/bin
STAMP := .venv/.installed
# One more than the cores of a small machine: some of the time is spent waiting for disks, browsers and what is killed.
WORKERS ?= 3
GOLDEN := -k golden
# What is compiled is kept, whatever the shell says: compiling all tests anew takes each worker ten seconds.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test test-long lint bench bench-serving bench-quick golden bless clean

demo: $(STAMP)
	@$(BIN)/python docs/demo.py

test: $(STAMP)
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal $(PYTEST_ARGS)

# Every example of every property; `make test` draws a third of them.
test-long: $(STAMP)
	CHATDOC_LONG=1 $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal $(PYTEST_ARGS)

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q tests/test_tidy.py

bench: $(STAMP)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[bench]'
	$(BIN)/python -m benchmarks --save

# Beside other servers, which npm fetches.
bench-serving: $(STAMP)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[bench]'
	$(BIN)/python -m benchmarks.serving --save

# Small sizes: it shows that every suite runs to its end.
bench-quick: $(STAMP)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[bench]'
	$(BIN)/python -m benchmarks --quick

golden: $(STAMP)
	$(BIN)/python -m pytest -q $(GOLDEN)

bless: $(STAMP)
	$(BIN)/python -m pytest -q $(GOLDEN) --bless

clean:
	rm -rf .venv build dist .demo .pytest_cache .mypy_cache .ruff_cache .hypothesis

# A candidate is run, not only found: a shim of a version manager is in PATH and yet starts nothing.
$(STAMP): pyproject.toml
	@set -e; \
	right='import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))'; \
	for candidate in $${PYTHON:-} python3 python3.11 python3.12 python3.13 python3.14 /usr/bin/python3; do \
		if "$$candidate" -c "$$right" >/dev/null 2>&1; then python="$$candidate"; break; fi; \
	done; \
	if [ -z "$${python:-}" ]; then \
		echo "chatdoc needs python3 >= 3.11 with the venv module, and found none." >&2; \
		echo "Install it (on Debian or Ubuntu: apt-get install python3-venv) or name one: make PYTHON=/path/to/python3" >&2; \
		exit 1; \
	fi; \
	if ! { [ -x $(BIN)/python ] && $(BIN)/python -c "$$right" >/dev/null 2>&1; }; then \
		rm -rf .venv; \
		echo "Setting up .venv with $$("$$python" --version) ..."; \
		"$$python" -m venv .venv; \
	fi; \
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'; \
	touch $(STAMP)
