# Two commands are all a newcomer needs: `make demo` and `make test`. Python 3.11 or newer is looked for as python3;
# name another with `make demo PYTHON=python3.12`.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check

.PHONY: demo test coverage lint docs format golden samples clean

demo: $(VENV)/.installed
	$(BIN)/shadowai demo

test: $(VENV)/.test
	$(BIN)/python -m pytest -n auto $(ARGS)

# Following every branch halves the suite's speed, so it is no part of `test`.
coverage: $(VENV)/.test
	$(BIN)/python -m pytest -n auto --cov --cov-report=term $(ARGS)

lint: $(VENV)/.lint
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/shadowai signatures lint

# Every page, and a failure where a link leads nowhere.
docs: $(VENV)/.docs
	$(BIN)/sphinx-build -q -W --keep-going -c docs -b html . manual
	@echo "The manual: manual/docs/README.html"

format: $(VENV)/.lint
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

golden: $(VENV)/.test
	$(BIN)/python -m pytest tests/unit/reports tests/unit/cli --update-golden

samples: $(VENV)/.test
	$(BIN)/python sample_pcaps/make_samples.py

$(VENV)/.created:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "shadowai needs Python 3.11 or newer; name one with: make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	  { echo "Python has no venv; install it (on Debian and Ubuntu: apt-get install python3-venv)"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --upgrade 'pip>=25.1'
	@touch $@

$(VENV)/.installed: pyproject.toml $(VENV)/.created
	$(PIP) install --editable .
	@touch $@

$(VENV)/.test: $(VENV)/.installed
	$(PIP) install --group test
	@touch $@

$(VENV)/.lint: $(VENV)/.test
	$(PIP) install --group lint
	@touch $@

$(VENV)/.docs: $(VENV)/.created
	$(PIP) install --group docs
	@touch $@

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage* dist manual shadowai-demo
