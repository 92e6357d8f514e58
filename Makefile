# The targets are thin: what they do is in .ci/, one script each.
.DEFAULT_GOAL := help
.NOTPARALLEL:
MAKEFLAGS += --no-print-directory

# make run DEMO=0 starts an empty system; PROFILE=release builds it fully optimised; ARGS goes to the program behind.
DEMO ?= 1
PROFILE ?= quick
ARGS ?=
export DEMO PROFILE

# make simulate SEEDS=n tries so many seeds, from FIRST on; SEED=x repeats one and shows its trace.
SEEDS ?= 5000
FIRST ?= 0

.PHONY: help run test verify audit bench e2e e2e-oilers cluster simulate clean

help: ## Say what there is
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## Build everything and run a live demo event (DEMO=0: an empty system)
	@exec .ci/start $(ARGS)

test: ## All tests, with a private PostgreSQL, Redis and browser (ARGS: what to hand to cargo test)
	@exec .ci/test $(ARGS)

verify: ## Format, lints, types, docs, dependency allow-list
	@exec .ci/verify

audit: ## Known vulnerabilities, licences and bans, with the tools and data that can be had
	@exec .ci/audit

bench: ## Benchmarks, optimised, with services of their own (ONLY: one group of them)
	@ONLY=$(ONLY) exec .ci/bench $(ARGS)

e2e: ## The whole-system tests at full length (ARGS: a filter)
	@exec .ci/e2e $(ARGS)

cluster: ## Three servers, PostgreSQL, Redis and HAProxy on loopback, with the demo event, to try and to break (CLUSTER_PORT)
	@exec .ci/cluster

e2e-oilers: ## 300,000 orders by hostile buyers, 12,800 voids among 297,000 purchases (ORDERS: fewer; ARGS: a filter)
	@ORDERS=$(ORDERS) exec .ci/e2e-oilers $(ARGS)

simulate: ## Deterministic simulation, optimised (SEEDS: how many, FIRST: from where, SEED: one, with its trace)
	@SEEDS=$(SEEDS) FIRST=$(FIRST) SEED=$(SEED) exec .ci/simulate

clean: ## Remove what was built and installed here; ./data stays
	@exec .ci/clean
