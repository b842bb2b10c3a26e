# make lists the targets.

.DEFAULT_GOAL := help
.PHONY: help run test fuzz audit test-faults check generate lint lint-schema explorer test-explorer generate-clients test-clients bench bench-small build fmt mariadb cc node chromium fresh fresh-explorer fresh-clients tidy access test-engines mysql tidb
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-print-directory
export PATH := $(PATH):/usr/sbin

lint := go tool -modfile=tools/go.mod golangci-lint
explorer := server/explorer/web
clients := examples/typescript/node_modules/.package-lock.json examples/relay/node_modules/.package-lock.json
cache := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/referrals
generated := ent/generated graph/generated

# $(call needs,PROGRAM,PACKAGE) installs a Debian package where its program is missing, for root; anybody else is
# told how. The downloads go to a folder of their own, which no other apt cleans up meanwhile.
needs = @command -v $(1) >/dev/null || { \
	[ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null || { echo "$(1) is missing: install it, on Debian by 'sudo apt-get install $(2)'" >&2; exit 1; }; \
	archives=$$(mktemp -d); trap 'rm -rf "$$archives"' EXIT; chmod 755 "$$archives"; mkdir "$$archives/partial"; \
	export DEBIAN_FRONTEND=noninteractive; \
	apt-get -qq update; \
	apt-get -qq -o DPkg::Lock::Timeout=300 -o Dir::Cache::archives="$$archives" install --no-install-recommends $(2); }

help: ## This list
	@awk 'BEGIN { FS = ":.*## " } /^[a-z-]+:.*## / { printf "  make %-18s%s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: build ## Serve a demo network on http://127.0.0.1:8080, kept in referrals.db
	@[ -e referrals.db ] || bin/referrals demo --database sqlite:referrals.db --credentials referrals.demo >/dev/null || { rm -f referrals.db*; exit 1; }
	@exec bin/referrals serve --database sqlite:referrals.db $$([ ! -e referrals.demo ] || echo --welcome referrals.demo)

test: mariadb cc audit ## All tests with the race detector, on SQLite and on a MariaDB server of their own
	go test -race -timeout 20m ./...
	@go test -race -run TestEngine -v ./ent/database | sed -n 's/^ *database_test.go:[0-9]*: /tested on /p'

fuzz: ## Send documents and requests of every kind through the door, each for FUZZTIME (30s)
	@for target in FuzzDocuments FuzzRequests; do \
		go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(or $(FUZZTIME),30s) -fuzzminimizetime 10x ./fuzz || exit 1; \
	done

audit: e2e/audit/node_modules/.package-lock.json # the suite that the tests hold GraphQL over HTTP against

ENGINES ?= sqlite mariadb mysql galera tidb

test-engines: mariadb audit mysql tidb ## The same tests on five engines: SQLite, MariaDB, MySQL, a Galera cluster, TiDB
	@go build -C tools -o $(cache)/engines ./engines
	@$(cache)/engines $(if $(REQUIRE),-require) $(ENGINES) -- ./ent/... ./commission/... ./graph ./server ./e2e

mysql: ## Unpack genuine MySQL beside the system, for test-engines
	@tools/mysql.sh $(cache)/mysql || [ -z "$(REQUIRE)" ]

tidb: ## Build TiDB, for test-engines: some ten minutes, once
	@[ -x $(cache)/tidb-server ] || { mkdir -p $(cache); echo "building TiDB: this takes some ten minutes, once"; \
		nice -n 15 go build -C tools/tidb -ldflags '-s -w' -o $(cache)/tidb-server github.com/pingcap/tidb/cmd/tidb-server; }

test-faults: mariadb ## Servers killed and databases lost, for longer than the tests have time for
	E2E_FAULTS=1 go test -count 1 -timeout 30m -run 'TestFaults|TestGalera|TestOnePartner' -v ./e2e
	E2E_KILLS=20 go test -count 3 -timeout 30m -run 'TestBilling_(atOnce|whileServersAreKilled|byItself)' -v ./e2e

check: fresh fresh-explorer lint tidy test test-clients test-explorer bench-small ## All that must hold before a change is merged

access: ## Write docs/access.md, who may ask for what, as the server answers
	go test ./e2e -run '^TestAccess$$/^SQLite$$' -access

generate: ## Generate what the schemas say: ent/generated and graph/generated
	go generate ./ent
	go generate ./graph

lint: ## Read the code for mistakes, and hold the architecture
	$(lint) run ./...

lint-schema: tools/schema/node_modules/.package-lock.json ## Read schema.graphqls for mistakes, and compare it with the last release
	tools/schema/node_modules/.bin/eslint --config tools/schema/eslint.config.js schema.graphqls
	node tools/schema/compare.js docs/released/schema.graphqls schema.graphqls

measured = go test -run '^$$' -benchtime 1x -timeout 90m

bench: mariadb bench/peers/node_modules/.package-lock.json ## Measure beside bare SQL and beside what one would pick instead; WRITE=1 into docs/performance.md
	$(if $(WRITE),BENCH_WRITE=1 )$(measured) -bench . ./bench

# A machine may be busy with something else for a while: what is out by a factor of two three times is.
bench-small: mariadb bench/peers/node_modules/.package-lock.json ## The same in three minutes: fails where a ratio is out by a factor of two
	@for try in 1 2 3; do \
		BENCH_SIZE=small $(measured) -bench '^Benchmark(Pages|Tracker|Settings|File)$$' ./bench && exit; \
		echo "bench-small: try $$try of 3 failed"; \
	done; exit 1

explorer: $(explorer)/node_modules/.package-lock.json ## Build the page at /explorer, which is committed
	cd $(explorer) && node build.js ../generated

test-explorer: build chromium $(explorer)/node_modules/.package-lock.json ## Try the explorer in a browser that reaches nothing else
	cd $(explorer) && REFERRALS=$(CURDIR)/bin/referrals node --test test/*.test.js

generate-clients: $(clients) ## Generate the code of the examples' clients
	cd examples/go && go generate
	cd examples/typescript && npm --silent run generate >/dev/null
	cd examples/relay && npm --silent run generate >/dev/null

test-clients: build lint-schema fresh-clients ## Read the schema, and run the examples' clients against a demo network
	examples/run

build: ## bin/referrals, one file without cgo
	CGO_ENABLED=0 go build -trimpath -o bin/referrals ./server

fmt: ## Format the code
	$(lint) fmt

mariadb: ## Install Debian's MariaDB, of which the tests start servers of their own
	$(if $(TEST_DATABASE_URL),,$(call needs,mariadbd,mariadb-server))

cc: # the race detector is linked by a C compiler
	$(call needs,gcc,gcc libc6-dev)

chromium: # the explorer is tried in
	$(call needs,chromium,chromium)

node: # what is written in JavaScript
	$(call needs,npm,nodejs npm)

# What an npm project needs, as its lockfile has it.
%/node_modules/.package-lock.json: %/package-lock.json | node
	cd $* && npm ci --no-audit --no-fund --silent
	@touch $@

# $(call unchanged,FOLDERS,TARGET) generates and compares, and puts back what was there.
unchanged = @kept=$$(mktemp -d); trap 'rm -rf "$$kept"' EXIT; cp -a --parents $(1) "$$kept"; \
	failed=; $(MAKE) -s $(2) || failed=1; \
	for folder in $(1); do \
		diff -rq "$$kept/$$folder" "$$folder" || failed=1; \
		rm -rf "$$folder"; cp -a "$$kept/$$folder" "$$folder"; \
	done; \
	[ -z "$$failed" ] || { echo "generated code is stale: run 'make $(2)' and commit what it makes" >&2; exit 1; }

fresh:
	$(call unchanged,$(generated),generate)

fresh-clients: $(clients)
	$(call unchanged,examples/go/generated examples/typescript/src/generated examples/relay/src/generated,generate-clients)

# Builds the page anew and compares what is in the files: compressors differ from one version of Node.js to the next.
fresh-explorer: $(explorer)/node_modules/.package-lock.json
	@built=$$(mktemp -d); trap 'rm -rf "$$built"' EXIT; \
	(cd $(explorer) && node build.js "$$built/new") >"$$built/log" 2>&1 || { cat "$$built/log" >&2; exit 1; }; \
	cp -a server/explorer/generated "$$built/kept"; gunzip -r "$$built/kept" "$$built/new"; \
	diff -rq "$$built/kept" "$$built/new" || { echo "the explorer is stale: run 'make explorer' and commit what it makes" >&2; exit 1; }

tidy:
	go mod tidy -diff
