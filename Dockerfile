# A small image, a user of its own, no compiler: everything comes as wheels.
FROM python:3.13-slim AS build
WORKDIR /app
COPY pyproject.toml uv.lock README.md LICENSE ./
COPY layers layers
COPY tiles tiles
COPY server server
COPY scripts scripts
RUN sh scripts/install.sh --no-dev --no-editable && rm -rf .uv

FROM python:3.13-slim
RUN useradd --system --uid 10001 --home-dir /app garrigue && install -d -o garrigue /store /config /data
WORKDIR /app
COPY --from=build /app /app
COPY config /config
ENV PATH=/app/.venv/bin:$PATH GARRIGUE_CONFIG=/config GARRIGUE_STORE=/store MALLOC_ARENA_MAX=2 PYTHONUNBUFFERED=1
USER garrigue
VOLUME ["/config", "/data", "/store"]
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=3s --start-period=20s CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8080/health', timeout=2)"]
CMD ["garrigue", "serve", "--host", "0.0.0.0", "--port", "8080"]
