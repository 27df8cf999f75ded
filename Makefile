# Everything runs from .venv; `make install` runs again when the list of files or the requirements change.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
SOURCES := $(shell git ls-files -co --exclude-standard core integrations 2>/dev/null | LC_ALL=C sort)
LIST := $(shell printf '%s\n' $(SOURCES) | cksum | tr ' ' '-')
STAMP := .venv/.installed-$(LIST)
PYTEST := $(BIN)/python -m pytest

.DEFAULT_GOAL := help
NOT_QUICK := soak or server or browser or slow
# One thread each: BLAS threads that fight for the cores make small fits fifty times slower. Compiled modules are kept,
# whatever the shell says: without them each worker and each command of a test compiles everything anew.
TESTING := OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 PYTHONDONTWRITEBYTECODE=

.PHONY: help install frameworks upgrade demo quick test lint soak images clean

help: ## name the commands
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/ —/'

install: $(STAMP) ## make .venv with labelsift and everything for its development

# The strict editable install links file by file, as an installed package would have them. All versions are those of
# constraints.txt, also in the environment in which pip builds: older pips look for it in the one variable, newer in the
# other.
$(STAMP): pyproject.toml constraints.txt
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) is needed; or name another: make PYTHON=python3"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@rm -rf build/__editable__* .venv/.installed-*
	@echo "Installing into .venv (the first time takes some minutes) …"
	@PIP_CONSTRAINT=constraints.txt PIP_BUILD_CONSTRAINT=constraints.txt $(BIN)/python -m pip install -q --disable-pip-version-check \
	  -c constraints.txt -e '.[dev]' --config-settings editable_mode=strict >.venv/install.log 2>&1 \
	  || { tail -n 20 .venv/install.log; exit 1; }
	@touch $@

COMPILE = $(BIN)/uv pip compile -q --upgrade --python-version 3.11 --no-annotate --custom-compile-command 'make upgrade'
VERSION_OF = $(BIN)/python -c 'from labelsift.integrations.$(1).server import VERSION; print("$(2)==" + VERSION)'

upgrade: install ## take the newest versions into the constraints files; then `make test`
	$(COMPILE) pyproject.toml --extra dev -o constraints.txt
	$(call VERSION_OF,label_studio,label-studio) | $(COMPILE) - -o integrations/label_studio/server-constraints.txt
	$(BIN)/python -c 'from labelsift.integrations.argilla.server import REQUIREMENTS; print(*REQUIREMENTS, sep="\n")' \
	  | $(COMPILE) - -o integrations/argilla/server-constraints.txt
	$(BIN)/python -c 'from labelsift.integrations.embedding_atlas.server import REQUIREMENTS; print(*REQUIREMENTS, sep="\n")' \
	  | $(COMPILE) - -o integrations/embedding_atlas/server-constraints.txt
	$(call VERSION_OF,mlflow,mlflow) | $(COMPILE) - -o integrations/mlflow/server-constraints.txt
	@$(MAKE) --no-print-directory install

# PyTorch and what stands on it, once, in the cache folder: what cannot be installed is named, and its tests skip.
frameworks: install
	@$(BIN)/python tests/helpers/frameworks.py install torch

demo: install ## the whole loop on built-in data and real local platforms
	$(BIN)/labelsift demo

quick: install ## the tests that need no server, no browser and little time each: 3 minutes on two cores
	$(TESTING) $(PYTEST) -m 'not ($(NOT_QUICK))' -n 2 --dist loadgroup

# Two workers: half of the time goes by waiting for servers.
test: install frameworks ## all tests but the long ones
	$(TESTING) $(PYTEST) -m 'not soak' -n 2 --dist loadgroup

lint: install ## style, types and import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/lint-imports

soak: install ## long fault and load runs
	$(BIN)/python tests/helpers/frameworks.py install torch soak
	$(PYTEST) -m soak -s

images: install ## take the pictures of docs/images from the real pages (NAMES="comparison similar": only these)
	PYTHONPATH=tests/helpers $(BIN)/python docs/take_images.py $(NAMES)

clean: ## remove what was made here (not the cache of servers)
	rm -rf .venv build dist *.egg-info labelsift-demo .pytest_cache .ruff_cache .hypothesis
