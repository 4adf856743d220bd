# Every target sets up .venv by itself. `make demo` needs Python 3.11 or newer and nothing else.
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3.14 python3; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

.PHONY: demo test test-models test-server lint bench eval fuzz clean help

help:
	@sed -n 's/^## //p' Makefile

$(VENV)/ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(PIP) -e '.[local]'
	@touch $@

$(VENV)/ready-dev: $(VENV)/ready
	$(PIP) -e '.[dev]'
	@touch $@

## make demo    the memory in one minute, without a key (LANGUAGE=zh or en for one of the two)
demo: $(VENV)/ready
	$(BIN)/memorybank demo $(if $(LANGUAGE),--lang $(LANGUAGE))

## make test    all light tests
test: $(VENV)/ready-dev
	$(BIN)/python -m pytest -n 2 --ignore tests/models --ignore tests/server/heavy

## make test-server  the server under fire: generated requests of two tenants, load, slow clients
test-server: $(VENV)/ready-dev
	$(BIN)/python -m pytest tests/server/heavy

$(VENV)/ready-models: $(VENV)/ready-dev
	$(PIP) -e '.[dev,gguf]'
	@touch $@

## make test-models  with a small real model (fetched once, 93 MB)
test-models: $(VENV)/ready-models
	$(BIN)/python -m pytest tests/models

## make lint    style and types
lint: $(VENV)/ready-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

## make bench   time and memory, each against its floor
bench: $(VENV)/ready
	$(BIN)/memorybank bench

## make eval    recall on the development sets, if they are there
eval: $(VENV)/ready
	$(BIN)/memorybank eval retrieval $(wildcard $(addprefix ../shared/data/memorybank/,cn en))

## make fuzz    100,000 hostile strings for the embedder
fuzz: $(VENV)/ready-dev
	$(BIN)/python scripts/fuzz_embedder.py

clean:
	rm -rf $(VENV) demo-bank build *.egg-info
