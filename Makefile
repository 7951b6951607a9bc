# The commands of the project. Everything is installed into .venv in this folder; nothing needs root.
PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3.13 || command -v python3.14 || echo python3)
VENV := .venv
RUN := $(VENV)/bin/python
STAMP := $(VENV)/installed
# a file's tests stay together, and files begin in the order of tests/conftest.py; one process more than there are cores,
# for a quarter of the time they wait
PARALLEL := -n $(shell expr $$(nproc || echo 1) + 1) --dist loadfile --no-loadscope-reorder

.PHONY: demo test long check bench lock clean

$(STAMP): requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(VENV)/bin/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $(STAMP)

demo: $(STAMP)
	$(RUN) -m broker.demo $(if $(KEEP),--keep)

test: $(STAMP)
	$(RUN) -m pytest $(PARALLEL)

# What takes longer than a minute by nature: new examples in their thousands, years of history, every Python, the bench.
long: $(STAMP)
	SATCHEL_LONG=1 $(RUN) -m pytest -m long -o timeout=7200 $(PARALLEL)
	$(RUN) -m tests.bench

check: $(STAMP)
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

bench: $(STAMP)
	$(RUN) -m tests.bench $(if $(STUDENTS),--students $(STUDENTS))

# Needs uv (https://docs.astral.sh/uv/): pins every dependency for Python 3.11 to 3.14, with hashes.
lock:
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
	  --no-header --extra dev pyproject.toml --output-file requirements.lock

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
