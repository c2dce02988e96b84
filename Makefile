# make demo: audit the sample logs into a report.  make test: pass all tests.  Both set up what they need.
PYTHON ?= python3
BIN    := .venv/bin
DEMO   := build/demo

.PHONY: demo test lint format docs sample bench bench-databases bench-pricing bench-rules bench-accuracy bench-statistics fuzz browser servers picture clean

demo: .venv/ready
	@$(BIN)/audit run --settings sample_logs/audit.toml --month 2026-10 --out $(DEMO) \
	  --logs sample_logs/gateway --logs sample_logs/native --logs sample_logs/claude-code; \
	code=$$?; [ $$code -eq 0 ] || [ $$code -eq 3 ] || exit $$code

test: .venv/ready-test browser servers
	$(BIN)/python -m pytest

lint: .venv/ready-lint
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/sqlfluff lint --processes 2 rules audit/formats
	$(BIN)/python docs/generate.py --check

format: .venv/ready-lint
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

docs: .venv/ready-test
	$(BIN)/python docs/generate.py
	$(BIN)/python -m tests.pagewalk docs/rules.md

sample: .venv/ready-test
	$(BIN)/python -m tests.simulator

bench: .venv/ready
	$(BIN)/python benchmarks/month.py

bench-pricing: .venv/ready
	$(BIN)/python benchmarks/pricing.py

bench-rules: .venv/ready
	$(BIN)/python benchmarks/rules.py

# Precision and recall of every rule over ten seeds of five simulated companies.
bench-accuracy: .venv/ready-test
	PYTHONPATH=. $(BIN)/python benchmarks/accuracy.py

# Planted changes and quiet years under the statistical rules, beside the fixed rules people use now.
bench-statistics: .venv/ready-test
	PYTHONPATH=. $(BIN)/python benchmarks/anomalies.py

bench-databases: .venv/ready-test servers
	PYTHONPATH=. $(BIN)/python benchmarks/databases.py

# A million spoilt lines over every format; `make test` does a few seconds of it.
fuzz: .venv/ready-test
	$(BIN)/python -m tests.fuzzing --lines 1000000

# The tests look at the report in a real browser; where none can be installed they skip it and say so.
browser:
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null \
	  || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null \
	       && apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y chromium fonts-noto-cjk openssl >/dev/null; } \
	  || echo "no chromium here: the browser's tests will be skipped"

# The tests read from real database servers that they start themselves; where none can be installed they skip and say so.
servers:
	@{ command -v mariadbd && { command -v postgres || ls /usr/lib/postgresql/*/bin/postgres; }; } >/dev/null 2>&1 \
	  || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null \
	       && apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y mariadb-server postgresql >/dev/null; } \
	  || echo "no MariaDB or PostgreSQL here: tests of databases will be skipped"

.venv/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11 ...")'
	$(PYTHON) -m venv .venv

.venv/ready: pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

.venv/ready-test: .venv/ready
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[test]'
	@touch $@

.venv/ready-lint: .venv/ready-test
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[test,lint]'
	@touch $@

clean:
	rm -rf .venv build dist

# The README's picture: the head of the demo's report.
picture: demo
	chromium --headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking --hide-scrollbars \
	  --user-data-dir=$$(mktemp -d) --window-size=1060,900 --screenshot=docs/report.png file://$(abspath $(DEMO))/2026-10/report.html
