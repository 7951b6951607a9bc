# The commands of the project. Everything is installed into .venv in this folder; nothing needs root.
PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3.13 || command -v python3.14 || echo python3)
VENV := .venv
RUN := $(VENV)/bin/python
STAMP := $(VENV)/installed
DEMO := $(VENV)/installed-for-demo
PIP := $(VENV)/bin/pip --quiet --disable-pip-version-check install
# a file's tests stay together, and files begin in the order of tests/conftest.py; one process more than there are cores,
# for a quarter of the time they wait
PARALLEL := -n $(shell expr $$(nproc || echo 1) + 1) --dist loadfile --no-loadscope-reorder

# Bytecode is kept whatever the surroundings say: hundreds of processes of the tests and of the demo load the program.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: demo test long check bench lock clean

# What a server needs is in requirements.lock; the demo needs a synthetic state beside it, and the tests all the rest.
$(STAMP): requirements-dev.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(PIP) --require-hashes -r requirements-dev.lock
	$(PIP) --no-deps --no-build-isolation -e .
	touch $(STAMP) $(DEMO)

$(DEMO): requirements-demo.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(PIP) --require-hashes -r requirements-demo.lock
	$(PIP) --no-deps --no-build-isolation -e .
	touch $(DEMO)

demo: $(if $(wildcard $(STAMP)),$(STAMP),$(DEMO))
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

# Needs uv (https://docs.astral.sh/uv/): pins every dependency for Python 3.11 to 3.14, with hashes. The later ones are
# bound to the first, so that what is tested is what a server gets.
COMPILE := uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
  --no-header pyproject.toml

lock:
	$(COMPILE) --output-file requirements.lock
	$(COMPILE) --extra build --extra simulate --constraint requirements.lock --output-file requirements-demo.lock
	$(COMPILE) --extra dev --constraint requirements-demo.lock --output-file requirements-dev.lock

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
