# make run    run the program with a demo        make test       all tests
# make check  format, lint, types, contracts     make test-fast  without browser and faults
# make bench  load, with figures                 make faults     faults, many times, with a table
# make lock   renew the lock files
SHELL := /bin/sh
PYTHON ?= python3
BIN := .venv/bin
BENCH_JSON ?=
# One more than two cores: while one test waits, another works.
JOBS ?= 3
ROUNDS ?= 20
SEED ?=
# Where nothing should be written beside modules each of the tests' processes would compile all tests anew.
unexport PYTHONDONTWRITEBYTECODE
CHECKS = $(BIN)/ruff format --check . && $(BIN)/ruff check . && $(BIN)/mypy && $(BIN)/lint-imports --no-cache

.PHONY: run python prepare prepare-tests check test test-fast bench faults tools lock clean

run: prepare
	@exec $(BIN)/quizapp up --end-with-parent

prepare: python
	@$(PYTHON) quizapp/installation/prepare.py

prepare-tests: python
	@$(PYTHON) quizapp/installation/prepare.py --tests

python:
	@command -v $(PYTHON) >/dev/null || { echo "没有找到 $(PYTHON)，请先安装 Python 3.11 或更高版本。" \
		"There is no $(PYTHON): install Python 3.11 or later." >&2; exit 1; }

check: prepare-tests
	$(CHECKS)

# The checks run beside the first tests (mypy without its cache takes a minute, on one core) and are shown after them.
test: prepare-tests tools
	@mkdir -p var
	{ $(CHECKS); } > var/check.log 2>&1 & check=$$!; \
	$(BIN)/pytest -q -n $(JOBS) tests/house tests/unit tests/integration; tests=$$?; \
	wait $$check; checked=$$?; cat var/check.log; test $$tests -eq 0 && test $$checked -eq 0
	$(BIN)/pytest -q -n $(JOBS) --database=postgresql tests/integration
	$(BIN)/pytest -q -n $(JOBS) --maxschedchunk=1 tests/browser
	$(BIN)/pytest -q -n 2 --dist loadfile tests/fault

test-fast: check
	$(BIN)/pytest -q -n $(JOBS) -m "not slow" tests/house tests/unit tests/integration

faults: prepare-tests tools
	$(BIN)/pytest -q --rounds=$(ROUNDS) $(if $(SEED),--seed=$(SEED)) --table=var/faults.md tests/fault

bench: prepare-tests
	$(BIN)/python tests/load/bench.py $(if $(BENCH_JSON),--json $(BENCH_JSON))
	$(BIN)/python tests/load/journey.py --plot var/bench.svg $(if $(BENCH_JSON),--json $(BENCH_JSON))

tools: prepare-tests
	@$(BIN)/python tests/tools.py

lock: prepare-tests
	@test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	UV_CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-annotate \
		--no-emit-index-url --quiet --upgrade pyproject.toml -o requirements.lock
	UV_CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-annotate \
		--no-emit-index-url --quiet --extra test -c requirements.lock pyproject.toml -o tests/requirements.lock

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
