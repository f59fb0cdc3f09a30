# The image is one static binary, root certificates and a /tmp: no shell, no package manager, nothing to update but zkark.
# It needs no right to write to its root file system. Mount ZooKeeper's directories read-only for `sidecar`.
#
#   docker build -t zkark .
#   docker buildx build --platform linux/amd64,linux/arm64 -t zkark .
#
# The compiler runs on the builder's own platform and compiles for the target's: nothing is emulated.
FROM --platform=$BUILDPLATFORM golang:1.26 AS build
ARG TARGETOS=linux
ARG TARGETARCH
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH \
    go build -trimpath -tags=disable_grpc_modules,grpcnotrace -ldflags='-s -w' -o /out/zkark ./cmd/zkark
RUN install -d -m 1777 /out/tmp

FROM scratch
ARG VERSION=devel
ARG REVISION=unknown
LABEL org.opencontainers.image.title="zkark" \
      org.opencontainers.image.description="Continuous backup and point-in-time recovery for Apache ZooKeeper" \
      org.opencontainers.image.source="https://github.com/zkark/zkark" \
      org.opencontainers.image.documentation="https://github.com/zkark/zkark/tree/main/docs" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION"
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /out/ /
# A number, so that Kubernetes can tell that it is not root. Run as ZooKeeper's user where only that may read its files.
USER 65532:65532
# What `sidecar` listens on and `healthcheck` asks; --listen says otherwise.
ENV ZKARK_LISTEN=127.0.0.1:9141
EXPOSE 9141
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s --retries=3 CMD ["/zkark", "healthcheck"]
ENTRYPOINT ["/zkark"]
