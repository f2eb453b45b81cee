# Everything a contributor does, as one command each. `make help` lists them.
# Needs Python 3.11 or newer and make; the rest goes into .venv, pinned with hashes.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
SHELL := /bin/sh

# The first interpreter that is new enough; say PYTHON=/path/to/python3 to choose another.
PYTHON ?= $(shell for name in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	"$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && echo "$$name" && break; \
	done)

VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv
GROUPS := registry workgroups notifier standalone dev
# More arguments for the command of a target, e.g. make test ARGS="tests/registry -x"
ARGS ?=

.PHONY: help
help: ## List every target (this text)
	@awk 'BEGIN { FS = ":.*## " } \
		/^[a-z-]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo '  ARGS="…" goes to the command behind demo, up, test, bench and pins; PYTHON=… chooses the interpreter.'

.PHONY: demo
demo: $(VENV)/standalone ## Run the whole story once on an empty stack, then stop everything
	@$(BIN)/southlink demo $(ARGS)

.PHONY: up
up: $(VENV)/standalone ## Start the stack with the story loaded and keep it up until Ctrl-C
	@$(BIN)/southlink up $(ARGS)

.PHONY: setup
setup: $(VENV)/dev ## Install everything into .venv (the other targets do it when needed)

.PHONY: test
test: $(VENV)/dev ## Run all tests on SQLite, PostgreSQL and Redis
	@$(BIN)/pytest -n auto --dist loadgroup $(ARGS)

.PHONY: lint
lint: $(VENV)/dev ## Check style, formatting, types and the import rules
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

.PHONY: format
format: $(VENV)/dev ## Format the code and fix what ruff can fix
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

.PHONY: bench
bench: $(VENV)/dev ## Measure latency and memory of the embedded stack against their limits
	@$(BIN)/python -m benchmarks $(ARGS)

.PHONY: docs
docs: $(VENV)/dev ## Write the generated pages: docs/events.md and docs/settings.md
	$(BIN)/python -m docs.generate

.PHONY: messages
messages: $(VENV)/dev ## Gather the texts to translate into services/notifier/locale
	$(BIN)/python -m services.notifier.catalogues

.PHONY: pins
pins: $(VENV)/dev ## Compile the pins in requirements/ anew (ARGS=--upgrade for newer releases)
	@for group in $(GROUPS); do \
		echo "requirements/$$group.txt"; \
		$(UV) pip compile -q --universal --generate-hashes --no-header --no-annotate --no-emit-index-url \
			--python-version 3.11 pyproject.toml --group $$group -o requirements/$$group.txt $(ARGS) || exit 1; \
	done
	@echo requirements/uv.txt
	@echo uv | $(UV) pip compile -q --universal --generate-hashes --no-header --no-annotate --no-emit-index-url \
		--no-deps --python-version 3.11 -c requirements/standalone.txt - -o requirements/uv.txt

.PHONY: clean
clean: ## Remove .venv and every cache (what `make up` stored in var/ stays)
	rm -rf $(VENV) dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# --- The environment. Each file below is a stamp: newer than what it was made from. ---
# Compiled once here, not by each of the ten processes of a start at the same time.

$(VENV)/uv: requirements/uv.txt
	@test -n "$(PYTHON)" || { \
		echo 'Southlink needs Python 3.11 or newer, and none was found as python3 or python3.11 to python3.14.'; \
		echo 'Install one, or say where it is: make $(MAKECMDGOALS) PYTHON=/path/to/python3'; exit 1; } >&2
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Southlink needs Python 3.11 or newer; $(PYTHON) is $$("$(PYTHON)" --version 2>&1)."; \
		echo 'Name a newer one: make $(MAKECMDGOALS) PYTHON=/path/to/python3'; exit 1; } >&2
	@echo 'Setting up .venv with $(PYTHON) …'
	@test -x $(BIN)/python || "$(PYTHON)" -m venv $(VENV) || { \
		rm -rf $(VENV); \
		echo 'Python could not make a virtual environment (its own words are above).' >&2; \
		echo 'On Debian and Ubuntu the part that is missing is the package python3-venv.' >&2; exit 1; }
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes --only-binary :all: -r requirements/uv.txt
	@touch $@

$(VENV)/standalone: $(VENV)/uv requirements/standalone.txt pyproject.toml
	@echo 'Installing the packages of requirements/standalone.txt …'
	@$(UV) pip install -q --compile-bytecode --python $(BIN)/python --require-hashes -r requirements/standalone.txt
	@$(UV) pip install -q --python $(BIN)/python --no-build-isolation --no-deps -e .
	@touch $@

$(VENV)/dev: $(VENV)/uv requirements/dev.txt pyproject.toml
	@echo 'Installing the packages of requirements/dev.txt …'
	@$(UV) pip sync -q --compile-bytecode --python $(BIN)/python --require-hashes requirements/dev.txt
	@$(UV) pip install -q --python $(BIN)/python --no-build-isolation --no-deps -e .
	@touch $(VENV)/standalone $@
