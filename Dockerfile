FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
# A folder of one's own cannot be made in the image below, which has no shell.
RUN CGO_ENABLED=0 go build -trimpath -ldflags="-s -w" -o /out/slack-gitlab-bridge ./cmd/slack-gitlab-bridge && mkdir /out/data

FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=build /out/slack-gitlab-bridge /usr/local/bin/slack-gitlab-bridge
COPY --from=build --chown=65532:65532 /out/data /data
USER 65532:65532
ENV STORE=/data/bridge.db HTTP_ADDR=:8080
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=10s --start-period=30s CMD ["/usr/local/bin/slack-gitlab-bridge", "healthcheck"]
ENTRYPOINT ["/usr/local/bin/slack-gitlab-bridge"]
CMD ["run"]
