# make demo    a real cluster, a shop on it, and ostiary closing it: the main job, end to end
# make test    every check and every test
# make check   format, types, layers, documentation
# make e2e     Kubernetes' own tests of kubectl, directly and through the gateway, compared
# make bench   the figures, each as a ratio to a stated alternative
# All of them set up what they need first.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: demo test check e2e bench setup system lock clean

demo: setup system
	@$(BIN)/python examples/01-shop/demo.py

test: check system
	$(BIN)/pytest $(PYTEST_ARGS)

check: setup
	$(BIN)/ruff format --check src tests bench examples
	$(BIN)/ruff check src tests bench examples
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/mkdocs build --quiet --strict --site-dir build/site

e2e: setup system
	$(BIN)/python -m tests.e2e.upstream

bench: setup system
	@for bench in bench/bench_*.py; do echo "== $$bench"; $(BIN)/python $$bench || exit 1; done

setup: $(VENV)/ready

$(VENV)/ready: requirements.lock pyproject.toml
	@sh engines/setup.sh $(PYTHON) $(VENV)
	@touch $@

system:
	@sh engines/system.sh

lock:
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --group dev pyproject.toml -o requirements.lock

clean:
	rm -rf $(VENV) build
