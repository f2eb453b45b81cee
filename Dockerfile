# syntax=docker/dockerfile:1
# One image per service, each with the packages of its own requirements/<service>.txt and nothing else:
#   docker build --target registry .
# docker-compose.yml builds and runs all of them.

ARG PYTHON_IMAGE=python:3.14.8-slim-trixie

# --- The installer, which stays out of the images. ---
FROM ${PYTHON_IMAGE} AS installer
ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=never
WORKDIR /build
COPY requirements/uv.txt requirements/
RUN python -m venv /uv && /uv/bin/pip install --no-cache-dir --require-hashes -r requirements/uv.txt
RUN /uv/bin/uv venv --no-cache /venv

FROM installer AS registry-packages
COPY requirements/registry.txt requirements/
RUN --mount=type=cache,target=/root/.cache/uv \
    /uv/bin/uv pip install --python /venv/bin/python --require-hashes -r requirements/registry.txt

FROM installer AS workgroups-packages
COPY requirements/workgroups.txt requirements/
RUN --mount=type=cache,target=/root/.cache/uv \
    /uv/bin/uv pip install --python /venv/bin/python --require-hashes -r requirements/workgroups.txt

FROM installer AS notifier-packages
COPY requirements/notifier.txt requirements/
RUN --mount=type=cache,target=/root/.cache/uv \
    /uv/bin/uv pip install --python /venv/bin/python --require-hashes -r requirements/notifier.txt

# --- What every service's image has. ---
FROM ${PYTHON_IMAGE} AS base
RUN groupadd --system --gid 10001 southlink \
    && useradd --system --uid 10001 --gid 10001 --no-create-home --shell /usr/sbin/nologin southlink \
    && install --directory --owner 10001 --group 10001 --mode 0700 /var/lib/southlink
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /app
COPY services/__init__.py services/
COPY shared/ shared/
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/health/ready', timeout=4)"]

FROM base AS registry
COPY --from=registry-packages /venv /venv
COPY services/registry/ services/registry/
USER 10001:10001
CMD ["python", "-m", "services.registry", "serve", "--host", "0.0.0.0", "--port", "8000"]

FROM base AS workgroups
# Reports as PDF are written in the scripts of their groups: 130 MB, for the one image that makes them.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends fonts-noto-core fonts-noto-cjk \
    && rm -rf /var/lib/apt/lists/*
COPY --from=workgroups-packages /venv /venv
COPY services/workgroups/ services/workgroups/
USER 10001:10001
CMD ["python", "-m", "services.workgroups", "serve", "--host", "0.0.0.0", "--port", "8000"]

FROM base AS notifier
COPY --from=notifier-packages /venv /venv
COPY services/notifier/ services/notifier/
USER 10001:10001
CMD ["python", "-m", "services.notifier", "serve", "--host", "0.0.0.0", "--port", "8000"]
