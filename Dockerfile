# A Tabella node, or any other command of the binary:
#
#   docker build -t tabella .
#   docker run --rm -it -v tabella:/var/lib/tabella tabella node init --dir /var/lib/tabella
#
# docs/operations.md says how to run it.

FROM rust:1.95-slim-bookworm AS build
WORKDIR /src
COPY Cargo.toml Cargo.lock rustfmt.toml ./
COPY circuits circuits
COPY prover prover
COPY verifier verifier
COPY audit audit
COPY proto proto
COPY keyfile keyfile
COPY trustee trustee
COPY client client
COPY monitor monitor
COPY node node
COPY cli cli
COPY chain chain
COPY contracts contracts
COPY tests tests
COPY benches benches
COPY examples examples
RUN cargo build --release --locked --package cli --bin tabella

FROM debian:bookworm-slim
# No certificates: the binary brings the roots of the public authorities.
# A new volume takes over the owner of the directory that it is mounted on.
RUN useradd --system --uid 10001 --home-dir /var/lib/tabella --create-home tabella \
    && install -d -o tabella -m 0700 /heads \
    && chmod 0700 /var/lib/tabella
COPY --from=build /src/target/release/tabella /usr/local/bin/tabella
USER 10001
WORKDIR /var/lib/tabella
VOLUME /var/lib/tabella
# Inside a container loopback reaches nobody; the published port decides who
# may call.
ENV TABELLA_KEYS=/var/lib/tabella/keys \
    TABELLA_NODE_CONFIG=/var/lib/tabella/node.toml \
    TABELLA_NODE_LISTEN=0.0.0.0:7417
EXPOSE 7417
# The node ends by itself within its grace.
STOPSIGNAL SIGTERM
ENTRYPOINT ["tabella"]
CMD ["node", "run"]
