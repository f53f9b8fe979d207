# Two commands do everything on a fresh machine: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.papier-installed

.PHONY: demo test check lint types layers pytest bench install tesseract sane cups browser clean
.DEFAULT_GOAL := help

help:
	@echo "make demo    installs what is missing, then sends sheets once round the loop, into demo-output/"
	@echo "make test    installs what is missing, then checks style, types, layers and runs all tests"
	@echo "make bench   measures speed and accuracy, into benchmarks/output/"

# Installed anew only when pyproject.toml changes, so that both commands work again offline.
$(STAMP): pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[dev]"
	@touch $(STAMP)

tesseract:
	@bash scripts/install-tesseract

cups:
	@bash scripts/install-cups

sane:
	@bash scripts/install-sane

browser: $(STAMP)
	@bash scripts/install-browser $(VENV)

install: $(STAMP) tesseract sane

demo: install
	$(BIN)/python -m simulator.demo demo-output

lint: $(STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(STAMP)
	$(BIN)/mypy

layers: $(STAMP)
	$(BIN)/lint-imports --no-cache

pytest: install cups browser
	$(BIN)/python -m pytest -n 2

check: lint types layers pytest

test: check

bench: install
	$(BIN)/python -m benchmarks.closed_loop --sheets 72 --profile office
	$(BIN)/python -m benchmarks.closed_loop --sheets 20 --profile rough
	$(BIN)/python -m benchmarks.lines --sheets 12
	$(BIN)/python -m benchmarks.catalogue --sheets 10
	$(BIN)/python -m benchmarks.checking --sheets 4 --forms carnet/absence carnet/sortie-exceptionnelle carnet/rendez-vous
	$(BIN)/python -m benchmarks.speed

clean:
	rm -rf $(VENV) demo-output .mypy_cache .ruff_cache .pytest_cache .hypothesis
