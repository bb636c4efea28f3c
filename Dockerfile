# One file for every service: `--build-arg SERVICE=import --target media`. The targets differ in one
# thing: `media` has ffmpeg. Builds with BuildKit and with buildah; what changes least comes first,
# so that a change of our code uploads one small layer.
ARG PYTHON=docker.io/library/python:3.11-slim-bookworm

# --- the third parties of one service, as they were tested --------------------------------------
FROM ${PYTHON} AS dependencies
RUN python -m venv --without-pip /opt/clipforge
ARG SERVICE
COPY requirements/${SERVICE}.txt /tmp/requirements.txt
RUN pip --python /opt/clipforge/bin/python install --disable-pip-version-check --no-cache-dir \
    --require-hashes --only-binary :all: -r /tmp/requirements.txt

# --- our own packages: the service, and the libraries that it declares --------------------------
FROM dependencies AS code
COPY requirements/build.txt /tmp/build.txt
RUN python -m venv /tmp/build && /tmp/build/bin/pip install --disable-pip-version-check \
    --no-cache-dir --require-hashes -r /tmp/build.txt
COPY libs /src/libs
ARG SERVICE
COPY services/${SERVICE} /src/services/${SERVICE}
RUN /tmp/build/bin/pip wheel --disable-pip-version-check -q --no-deps --no-build-isolation \
    -w /wheels /src/libs/* "/src/services/${SERVICE}"
# Nothing is fetched here: a third party that requirements/ lacks ends the build.
RUN pip --python /opt/clipforge/bin/python install --disable-pip-version-check --no-index \
    --find-links /wheels --prefix /code "clipforge-${SERVICE}"

# --- what they run on ---------------------------------------------------------------------------
FROM ${PYTHON} AS plain-system
# tini, since the kernel spares process 1 a SIGTERM that it does not handle: Python would not end
# before its handlers are installed.
RUN apt-get update && apt-get install -y --no-install-recommends tini \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/log/*
ENV PATH=/opt/clipforge/bin:/usr/local/bin:/usr/bin:/bin \
    HOME=/tmp \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
WORKDIR /tmp
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/bin/tini", "--"]
CMD ["/bin/sh", "-c", "exec python -m \"clipforge_$(echo \"${SERVICE}\" | tr - _)\""]

FROM plain-system AS media-system
RUN apt-get update && apt-get install -y --no-install-recommends ffmpeg \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/log/*

# --- the images ---------------------------------------------------------------------------------
FROM media-system AS media
COPY --from=dependencies /opt/clipforge /opt/clipforge
COPY --from=code /code /opt/clipforge
ARG SERVICE
ARG VERSION=0.0.0
ARG REVISION=unknown
ENV SERVICE=${SERVICE}
LABEL org.opencontainers.image.title="clipforge-${SERVICE}" \
    org.opencontainers.image.version="${VERSION}" \
    org.opencontainers.image.revision="${REVISION}" \
    org.opencontainers.image.licenses="Apache-2.0"
USER 10001:10001

FROM plain-system AS plain
COPY --from=dependencies /opt/clipforge /opt/clipforge
COPY --from=code /code /opt/clipforge
ARG SERVICE
ARG VERSION=0.0.0
ARG REVISION=unknown
ENV SERVICE=${SERVICE}
LABEL org.opencontainers.image.title="clipforge-${SERVICE}" \
    org.opencontainers.image.version="${VERSION}" \
    org.opencontainers.image.revision="${REVISION}" \
    org.opencontainers.image.licenses="Apache-2.0"
USER 10001:10001
