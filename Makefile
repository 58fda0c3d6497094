# Every target sets up what it needs. `make help` lists them from the comments behind the colons.
PYTHON ?= python3
BIN := .venv/bin
SETUP := .venv/.ready
WEB := ansflow/edge/static/index.html
WEB_FROM := $(shell find web -type f -not -path '*/node_modules/*') ansflow/cli/locales/sentences.zh.json
NPX := cd web && PATH="$(CURDIR)/$(BIN):$$PATH" npx --no-install

.DEFAULT_GOAL := help
.PHONY: help setup web run hello test chaos chaos-alone chaos-postgresql chaos-mariadb live-proof image-proof chart-proof lint fix generate hostile bench bench-web lock services screenshots clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: $(SETUP) $(WEB) ## make .venv with everything that is needed, from hash-locked requirements, and build the web app

$(SETUP): requirements/dev.txt pyproject.toml bin/setup
	@PYTHON="$(PYTHON)" bin/setup
	@touch $@

web: $(WEB) ## build the web app into the package, where its sources have changed

$(WEB): $(SETUP) $(WEB_FROM) bin/web
	@bin/web
	@touch $@

run: setup ## start the server, and print where it is
	@$(BIN)/ansflow serve

hello: setup ## run the example pipeline, with real work in it, without a server
	@$(BIN)/ansflow run examples/hello/.ansflow.yml

test: setup ## run every test
	@$(NPX) vitest run
	@$(BIN)/pytest -q -n auto --dist worksteal # else the browser tests, which stand together, are left to one process

chaos: chaos-alone chaos-postgresql chaos-mariadb ## what a release must survive: thousands of kill -9 of workers, servers and databases, each account checked

chaos-alone chaos-postgresql chaos-mariadb: setup
chaos-alone chaos-postgresql chaos-mariadb: export ANSFLOW_CHAOS = release
CHAOS = $(BIN)/pytest -v --durations=0 --durations-min=1 -o faulthandler_timeout=0 -p no:cacheprovider

chaos-alone:
	@$(CHAOS) tests/chaos tests/executors/test_process_trees.py --deselect tests/chaos/test_spread.py

chaos-postgresql:
	@$(CHAOS) tests/chaos/test_spread.py -k PostgreSQL

chaos-mariadb:
	@$(CHAOS) tests/chaos/test_spread.py -k MariaDB

live-proof: setup ## 500 viewers who lose their connection 20 times each, while the bus is lost too
	@ANSFLOW_TESTS_WHOLE=1 $(BIN)/pytest -q tests/e2e/live/test_under_faults.py

image-proof: setup ## build the image, start both compose files, and run pipelines through them (Podman, as root)
	@bin/services image
	@ANSFLOW_IMAGE_PROOF=1 $(BIN)/pytest -q -s -o faulthandler_timeout=3600 tests/deploy/test_containers.py tests/deploy/test_systemd.py

chart-proof: setup ## render the chart as Helm does, and check it against the schemas of Kubernetes
	@$(BIN)/pip install -q --disable-pip-version-check --require-hashes --only-binary :all: -r tests/deploy/chart.txt
	@$(BIN)/pytest -q tests/deploy/test_chart.py

lint: setup ## formatting, types, import directions
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@folder=$$(mktemp -d) && ANSFLOW_DATA_DIR=$$folder $(BIN)/mypy; status=$$?; rm -rf $$folder; exit $$status
	@$(BIN)/lint-imports --no-logo
	@$(NPX) tsc --noEmit
	@$(NPX) biome check .

fix: setup ## format, and mend what can be mended by itself
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .
	@$(NPX) biome check --write .

generate: $(SETUP) ## write anew what is derived: JSON Schema, contract expectations, reference pages
	@bin/web install # not the app itself: it may need what is written here
	@$(BIN)/python contract/generate.py
	@$(BIN)/python contract/openapi.py
	@$(NPX) openapi-ts
	@$(BIN)/python docs/generate.py
	@$(BIN)/python docs/steps.py
	@$(BIN)/python docs/cli.py
	@$(BIN)/python docs/settings.py
	@$(BIN)/python docs/api.py
	@$(BIN)/python docs/roles.py

hostile: setup ## ask every operation of the API several hundred times what it does not expect, each time anew
	@HOSTILE_EXAMPLES=$${HOSTILE_EXAMPLES:-300} $(BIN)/pytest -q tests/e2e/test_hostile_requests.py

bench: setup ## measure, as ratios against peers in the same run; BENCH=server-steps for one part
	@$(BIN)/python -m compileall -q ansflow # as set-up leaves it; a fresh edit would be compiled in the first run
	@$(BIN)/python -m bench $(BENCH)

bench-web: setup $(WEB) ## measure the web app in a browser: long logs, large executions, line printed to line shown, the editor
	@$(BIN)/python -m bench.web

lock: setup ## pin requirements anew, with hashes
	@$(BIN)/pip install -q uv
	@$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header \
		pyproject.toml -o requirements/run.txt
	@$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header \
		pyproject.toml --extra dev -o requirements/dev.txt
	@$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header \
		-c requirements/dev.txt requirements/build.in -o requirements/build.txt
	@$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header \
		-c requirements/dev.txt pyproject.toml --extra postgres --extra mysql --extra redis --extra s3 --extra celery \
		-o requirements/server.txt
	@$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header \
		-c requirements/dev.txt tests/deploy/chart.in -o tests/deploy/chart.txt
	@for tool in ansflow/steps/security_scan/tools/*.in bench/peers/locks/*.in; do \
		$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header \
			$$tool -o $${tool%.in}.txt; done

services: ## install the real servers that the tests start (Debian, as root)
	@bin/services

screenshots: setup ## pictures of every page in both themes, narrow, and in Chinese, in web/shots
	@$(BIN)/python -m tests.e2e.web.screenshots

clean: ## remove what the targets made
	@rm -rf .venv web/node_modules ansflow/edge/static .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache dist
