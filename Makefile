# make check   the quick loop: checks and tests on SQLite
# make test    everything: checks, and every test under the race detector on SQLite and PostgreSQL,
#              with Node.js and a browser
# make help    the rest

GO       ?= go
PACKAGES ?= ./...
FUZZTIME ?= 10s
TIMEOUT  ?= 25m
BENCH    ?=

.DEFAULT_GOAL := help
.PHONY: help check test lint vet staticcheck format compiler outside bench fuzz demo build clean

help: ## print this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

check: lint ## vet, staticcheck, gofmt, and the tests on SQLite, in under a minute once built
	TOLLGATE_TEST_POSTGRES= TOLLGATE_TEST_REQUIRE= $(GO) test -short -timeout $(TIMEOUT) $(PACKAGES)

# What the race detector makes too slow runs once more without it, in full: see raced in faults/billing.
# exec: a signal to make reaches with-postgres, not a shell between them.
test: export TOLLGATE_TEST_REQUIRE = postgres pgbouncer node chromium
test: lint compiler outside ## vet, staticcheck, gofmt, and every test under -race on SQLite and PostgreSQL
	scripts/with-postgres $(GO) test -count=1 -timeout $(TIMEOUT) ./faults/billing </dev/null
	exec scripts/with-postgres $(GO) test -race -count=1 -timeout $(TIMEOUT) $(PACKAGES) </dev/null

lint: format vet staticcheck ## vet, staticcheck and gofmt alone

vet:
	$(GO) vet $(PACKAGES)

staticcheck:
	$(GO) tool staticcheck $(PACKAGES)

format:
	@unformatted=$$(find . \( -name node_modules -o -name '.?*' \) -prune -o -name '*.go' -print0 | xargs -0 gofmt -l) \
		&& if [ -n "$$unformatted" ]; then echo "gofmt -w these files:"; echo "$$unformatted"; exit 1; fi

# The race detector links against C.
compiler:
	@set -e; cc=$$($(GO) env CC); cc=$${cc%% *}; \
	if command -v "$$cc" >/dev/null && echo 'int main(void) { return 0; }' | "$$cc" -include stdlib.h -x c -fsyntax-only - 2>/dev/null; then exit 0; fi; \
	if [ "$$(id -u)" -eq 0 ] && [ -e /etc/debian_version ] && command -v apt-get >/dev/null; then \
		echo "a C compiler is missing: installing gcc from the distribution's packages"; \
		apt-get -qq update; \
		DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 install -y --no-install-recommends gcc libc6-dev; \
	else \
		echo "the race detector needs a C compiler and the C library's headers:"; \
		echo "    Debian, Ubuntu: sudo apt-get install gcc libc6-dev"; \
		echo "    Fedora: sudo dnf install gcc    Alpine: sudo apk add gcc musl-dev    macOS: xcode-select --install"; \
		exit 1; \
	fi

# What is tested from outside Go: Stripe's and Flowglad's npm packages, and a person's browser.
outside:
	scripts/provide node chromium

bench: ## the benchmarks, each ratio beside its goal (BENCH=arguments)
	exec scripts/with-postgres $(GO) run ./bench $(BENCH)

fuzz: ## each fuzz target for FUZZTIME (10s)
	@grep -rEo --include='*_test.go' --exclude-dir=node_modules '^func Fuzz[A-Za-z0-9_]+' . | sort | \
	while IFS=: read -r file declaration; do \
		target=$${declaration#func }; \
		echo "fuzz $${file%/*} $$target"; \
		$(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) "$${file%/*}" </dev/null || exit 1; \
	done

demo: ## meter a real workload, sell to who runs out, and prove that the books balance
	$(GO) run ./cmd/tollgate demo

build: ## the program, as bin/tollgate
	CGO_ENABLED=0 $(GO) build -trimpath -o bin/tollgate ./cmd/tollgate

clean: ## remove what make built
	rm -rf bin coverage.out
	find . -name node_modules -prune -o \( -name '*.test' -o -name '*.prof' \) -type f -exec rm -f {} +
