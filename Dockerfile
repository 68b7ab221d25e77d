# Builds Attain and puts the one program into an image without a compiler or a root user.
FROM rust:1.95-slim-trixie AS build
WORKDIR /src
COPY . .
ENV SQLX_OFFLINE=true
RUN cargo build --release --locked --bin attain

FROM debian:trixie-slim
# The client holds pg_dump and pg_restore, for attain db backup and restore.
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates postgresql-client-17 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin attain
COPY --from=build /src/target/release/attain /usr/local/bin/attain
USER 10001
ENV ATTAIN_LISTEN=0.0.0.0:8080 ATTAIN_LOG_FORMAT=json
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=6s --start-period=20s CMD ["attain", "healthcheck"]
ENTRYPOINT ["attain"]
CMD ["serve"]
