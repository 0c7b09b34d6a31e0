# The README's two commands are `make demo` and `make test`. Everything is installed in .venv, without root.
PORT ?= 8080
IDLE ?= 600
PYTEST ?=
UV = $$(sh scripts/uv.sh --path)
RUN = $(UV) run --frozen

.PHONY: install demo test lint bench conformance schemas

install:
	@sh scripts/install.sh

demo: install
	@$(RUN) garrigue demo --port $(PORT) --idle $(IDLE)

lint: install
	$(RUN) ruff format --check .
	$(RUN) ruff check .
	$(RUN) mypy
	$(RUN) lint-imports

test: lint
	$(RUN) garrigue demo --prepare-only
	$(RUN) pytest -n auto --dist loadfile $(PYTEST)

bench: install
	$(RUN) python -m scripts.bench $(BENCH)

conformance: install
	$(RUN) python -m scripts.conformance $(CONFORMANCE)

schemas: install
	$(RUN) garrigue check --schema
