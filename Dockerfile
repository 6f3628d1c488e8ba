# policywatch as a container that stays: docs/deploy.md says how to use and update it, and what the two arguments are for.
ARG EXTRAS=fast,cluster
FROM python:3.12-slim AS build
ARG EXTRAS
WORKDIR /source
COPY pyproject.toml README.md LICENSE requirements.txt ./
COPY analysis analysis
COPY crawler crawler
COPY foundation foundation
COPY notifier notifier
COPY policywatch policywatch
COPY messages messages
COPY storage storage
# the last line is for extras that the list lacks, which come without hashes
RUN python -m pip wheel --no-cache-dir --wheel-dir /wheels --no-deps --require-hashes --requirement requirements.txt \
    && python -m pip wheel --no-cache-dir --wheel-dir /wheels --no-deps . \
    && { python -m pip install --dry-run --no-index --find-links /wheels "policywatch[${EXTRAS}]" \
    || python -m pip wheel --no-cache-dir --wheel-dir /wheels --constraint requirements.txt ".[${EXTRAS}]"; }

FROM python:3.12-slim
ARG EXTRAS
ARG PACKAGES="git"
ENV PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    POLICYWATCH_CONFIG=/data/policywatch.toml
RUN test -z "${PACKAGES}" \
    || { apt-get update && apt-get install --yes --no-install-recommends ${PACKAGES} && rm -r /var/lib/apt/lists/*; }
RUN --mount=type=bind,from=build,source=/wheels,target=/wheels \
    python -m pip install --no-cache-dir --no-index --find-links /wheels "policywatch[${EXTRAS}]" \
    && groupadd --gid 10001 policywatch \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /data --shell /usr/sbin/nologin policywatch \
    && install --directory --owner 10001 --group 10001 --mode 0750 /data
USER 10001:10001
WORKDIR /data
VOLUME /data
HEALTHCHECK --interval=10m --timeout=1m --start-period=2m --retries=3 CMD ["policywatch", "doctor", "--alive", "--quiet"]
ENTRYPOINT ["policywatch"]
CMD ["watch"]
