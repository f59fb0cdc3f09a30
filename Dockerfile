# The image is one static binary, root certificates and an empty /tmp. Mount ZooKeeper's directories read-only for `sidecar`.
FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -tags=disable_grpc_modules,grpcnotrace -ldflags='-s -w' -o /out/zkark ./cmd/zkark
RUN install -d -m 1777 /out/tmp

FROM scratch
LABEL org.opencontainers.image.title="zkark" \
      org.opencontainers.image.description="Continuous backup and point-in-time recovery for Apache ZooKeeper" \
      org.opencontainers.image.source="https://github.com/zkark/zkark" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /out/ /
USER 65532:65532
ENTRYPOINT ["/zkark"]
