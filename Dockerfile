# One image, two roles, each with its settings in the environment:
#
#   poama-panel serve               the dashboard, port 5006
#   poama-panel data --data /data   the data layer, port 5007; never published
#
# Whoever builds for production pins the base by its digest:
#   docker build --build-arg PYTHON_IMAGE=python:3.13-slim-bookworm@sha256:… .
#
# With a read-only root, mount a tmpfs at /tmp (compiled kernels are kept there)
# and a volume at /var/lib/poama-panel (accounts, sessions, keys).
ARG PYTHON_IMAGE=python:3.13-slim-bookworm

FROM ${PYTHON_IMAGE} AS build
WORKDIR /source
RUN python -m venv /opt/poama-panel
ENV PATH=/opt/poama-panel/bin:$PATH
# The dependencies first: this layer is kept until pyproject.toml changes.
COPY pyproject.toml ./
RUN python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["project"]["dependencies"], sep="\n")' > requirements.txt \
    && pip install --no-cache-dir --requirement requirements.txt
COPY README.md LICENSE ./
COPY data_layer data_layer
COPY src src
RUN pip wheel --no-cache-dir --no-deps --wheel-dir dist . \
    && pip install --no-cache-dir --no-deps dist/*.whl

FROM ${PYTHON_IMAGE}
LABEL org.opencontainers.image.title="poama-panel" \
      org.opencontainers.image.description="Dashboard and data layer for seasonal and sub-seasonal ensemble forecasts" \
      org.opencontainers.image.licenses="BSD-3-Clause"
RUN useradd --system --uid 10001 --user-group --create-home --home-dir /var/lib/poama-panel poama
COPY --from=build /opt/poama-panel /opt/poama-panel
COPY scripts/healthcheck.py /opt/poama-panel/
# A container's own network decides who reaches it, so it listens on all of it.
ENV PATH=/opt/poama-panel/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    NUMBA_CACHE_DIR=/tmp/numba \
    POAMA_HOST=0.0.0.0 \
    POAMA_DATA_HOST=0.0.0.0 \
    POAMA_STATE_DIR=/var/lib/poama-panel
USER 10001:10001
WORKDIR /var/lib/poama-panel
EXPOSE 5006 5007
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "/opt/poama-panel/healthcheck.py"]
ENTRYPOINT ["poama-panel"]
CMD ["--help"]
