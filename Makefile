# What one types in this project. `make` alone lists it.

VENV ?= .venv
BIN := $(VENV)/bin
# More words for pytest: make test ARGS="-k ties -x"
ARGS ?=

export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help demo test test-slow lint format bench clean

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1|/' \
		| while IFS='|' read -r name what; do printf '  make %-10s %s\n' "$$name" "$$what"; done

demo: $(VENV)/.installed ## Fill the example scores and write them to out/
	@mkdir -p out
	$(BIN)/python examples/demo.py

test: lint ## Check style and types, run all but the slow tests
	$(BIN)/python -m pytest -m "not slow" $(ARGS)

test-slow: $(VENV)/.installed-dev ## Run the slow tests
	$(BIN)/python -m pytest -m slow $(ARGS)

lint: $(VENV)/.installed-dev ## Check style and types
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy scoreassist

format: $(VENV)/.installed-dev ## Put the code into the common form
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

bench: ## List the benchmarks; each is run by hand
	@for file in $$(grep -l __main__ benchmarks/*.py); do \
		printf '  $(BIN)/python %-36s %s\n' "$$file" "$$(sed -n '1s/^"""\(.*\)/\1/p' "$$file" | tr -d '"')"; \
	done

clean: ## Remove whatever was made here, except the environment
	rm -rf out dist build .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +

# The environment. constraints.txt was made with Python 3.11, so that one is tried first.
$(BIN)/python:
	@for python in $(PYTHON) python3.11 python3 python3.12 python3.13 python3.14; do \
		if "$$python" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
			rm -f $(VENV)/.installed $(VENV)/.installed-dev; \
			exec "$$python" -m venv $(VENV); \
		fi; \
	done; \
	echo "scoreassist needs Python 3.11 or newer with its venv module (Debian and Ubuntu: apt install" \
		"python3-venv); if it is not on the PATH: make PYTHON=/where/it/is" >&2; \
	exit 1

$(VENV)/.installed: pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable .
	@touch $@

$(VENV)/.installed-dev: pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	@touch $(VENV)/.installed $@
