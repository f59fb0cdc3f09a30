# Everything that a person or CI runs. `make` alone says what there is.

# The client of Google Cloud Storage brings gRPC's mesh, which nothing here uses; without it the binary is 20 MB smaller.
TAGS         := disable_grpc_modules,grpcnotrace
GOFLAGS      ?= -trimpath -tags=$(TAGS)
CACHE        := $(CURDIR)/.cache
TOOLS        := $(CACHE)/bin
STATICCHECK  := $(TOOLS)/staticcheck-v0.8.2
DEPGUARD     := $(TOOLS)/depguard-v2.3.0
S3_SERVER    := $(TOOLS)/versitygw-v1.8.0
GCS_SERVER   := $(TOOLS)/fake-gcs-server-v1.56.1
NFPM         := $(TOOLS)/nfpm-v2.43.4
ARCH         ?= $(shell go env GOARCH)
VERSION      ?= $(shell git describe --tags --match 'v[0-9]*' 2>/dev/null || echo 0.0.0)
RELEASES     ?= 3.4.14 3.5.10 3.6.4 3.7.2 3.8.6 3.9.5
FUZZTIME     ?= 60s

.DEFAULT_GOAL := help

.PHONY: help
help: ## what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: build
build: bin/zkark ## the binary, in bin/

.PHONY: bin/zkark
bin/zkark:
	CGO_ENABLED=0 go build $(GOFLAGS) -o $@ ./cmd/zkark

.PHONY: test
test: lint zookeeper s3-server gcs-server $(NFPM) build ## everything: lint, unit tests, and the tests against real ZooKeeper servers
	ZKARK_E2E_RELEASES="debian $(RELEASES)" go test -race -timeout 35m ./...
	$(MAKE) test-deploy

.PHONY: test-deploy
test-deploy: buildah zookeeper ## what is in deploy/: manifests, chart, image, alerts, a pod's life
	cd deploy/test && go vet ./... && go test -timeout 5m ./...

.PHONY: buildah
buildah: ## the builder of images that the tests use; where it cannot be installed they say so and skip
	@command -v buildah >/dev/null || { command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ] && \
	  { apt-get update -qq && apt-get install -y -qq --no-install-recommends buildah zstd >/dev/null; }; } || true

.PHONY: test-points
test-points: zookeeper ## restore 200 random points of a long history, and boot a real server on each
	ZKARK_E2E_POINTS=200 go test -run RandomPoint -v -timeout 20m ./test/e2e

.PHONY: lint
lint: $(STATICCHECK) $(DEPGUARD) ## gofmt, go vet, staticcheck, and the arrows between packages
	@unformatted=$$(gofmt -l $$(git ls-files '*.go')); [ -z "$$unformatted" ] || { echo "not gofmt'ed: $$unformatted"; exit 1; }
	go vet ./...
	$(STATICCHECK) ./...
	$(DEPGUARD) ./...

.PHONY: zookeeper
zookeeper: ## the ZooKeeper servers that the tests run
	test/zkserver/install.sh $(CACHE)/zookeeper $(RELEASES)

.PHONY: s3-server
s3-server: $(S3_SERVER) ## the S3 server that the tests run

.PHONY: gcs-server
gcs-server: $(GCS_SERVER) ## the stand-in for Google Cloud Storage that the tests run

.PHONY: packages
packages: build $(NFPM) ## the deb and the rpm, in bin/
	SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct) go run ./deploy/packages/share bin/share
	for kind in deb rpm; do ARCH=$(ARCH) VERSION=$(VERSION) ZKARK_BINARY=bin/zkark ZKARK_SHARE=bin/share $(NFPM) package --config deploy/packages/nfpm.yaml --packager $$kind --target bin/ || exit 1; done

.PHONY: demo
demo: build ## the whole loop once around, on a real ZooKeeper
	go run ./test/demo -zkark bin/zkark

.PHONY: fuzz
fuzz: ## every fuzz target for FUZZTIME (60s)
	test/fuzz.sh $(FUZZTIME)

.PHONY: bench
bench: ## the benchmarks, with ratios measured in one run
	go test -run '^$$' -bench . -timeout 30m ./internal/...

.PHONY: bench-java
bench-java: build zookeeper ## zkark against ZooKeeper's own tools on the same files
	go run ./test/bench -zkark bin/zkark

.PHONY: bench-lag
bench-lag: zookeeper s3-server ## how long after a write it can be restored, with a histogram
	go test -run '^$$' -bench Lag -benchtime 1x -timeout 10m ./test/e2e

.PHONY: bench-overhead
bench-overhead: zookeeper ## a server's write throughput with a sidecar beside it, against without
	go test -run '^$$' -bench Overhead -benchtime 1x -timeout 10m ./test/e2e

.PHONY: bench-memory
bench-memory: build ## what the sidecar has resident beside a snapshot of a gigabyte and a log of ten million transactions
	go run ./test/bench -zkark bin/zkark -memory

.PHONY: bench-restore
bench-restore: zookeeper s3-server ## a restore from S3 against rclone's copy of the same files, not compressed
	@command -v rclone >/dev/null || apt-get install -y rclone || { echo "install rclone first"; exit 1; }
	go test -run '^$$' -bench Restore -benchtime 1x -timeout 20m ./test/bench

.PHONY: clean
clean: ## remove what make made
	rm -rf bin $(CACHE)

$(STATICCHECK):
	GOBIN=$(TOOLS) go install honnef.co/go/tools/cmd/staticcheck@v0.8.2 && mv $(TOOLS)/staticcheck $@

$(DEPGUARD):
	GOBIN=$(TOOLS) go install github.com/OpenPeeDeeP/depguard/v2/cmd/depguard@v2.3.0 && mv $(TOOLS)/depguard $@

$(S3_SERVER):
	GOBIN=$(TOOLS) go install github.com/versity/versitygw/cmd/versitygw@v1.8.0 && mv $(TOOLS)/versitygw $@

$(GCS_SERVER):
	GOBIN=$(TOOLS) go install github.com/fsouza/fake-gcs-server@v1.56.1 && mv $(TOOLS)/fake-gcs-server $@

$(NFPM):
	GOFLAGS= GOBIN=$(TOOLS) go install github.com/goreleaser/nfpm/v2/cmd/nfpm@v2.43.4 && mv $(TOOLS)/nfpm $@
