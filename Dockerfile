# chappe in a container: `docker build -t chappe .`, then
# `docker run -p 10443:10443 -v chappe-data:/data chappe serve --data /data`.
# `--build-arg FEATURES=cql,s3` builds in what is off by default.
FROM rust:1.95-slim-trixie AS build
ARG FEATURES=""
RUN apt-get update && apt-get install --no-install-recommends -y gcc libc6-dev && rm -rf /var/lib/apt/lists/*
WORKDIR /source
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/source/target \
    cargo build --locked --release -p server --bin chappe --features "$FEATURES" \
    && cp target/release/chappe /usr/local/bin/chappe

FROM debian:trixie-slim
RUN apt-get update && apt-get install --no-install-recommends -y ca-certificates && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --no-create-home chappe \
    && install -d -o chappe -g chappe -m 0700 /data
COPY --from=build /usr/local/bin/chappe /usr/local/bin/chappe
USER chappe
VOLUME /data
EXPOSE 10443
# SIGTERM drains; give it more time than `grace_ms`.
STOPSIGNAL SIGTERM
ENTRYPOINT ["chappe"]
CMD ["serve", "--data", "/data"]
