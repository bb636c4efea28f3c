# One file for every service: `--build-arg SERVICE=import --build-arg PACKAGES=ffmpeg`, the latter for
# those that touch video. Builds with BuildKit and with buildah; what changes least, and what services
# share, comes first: a change of our code uploads one small layer.
ARG PYTHON=docker.io/library/python:3.11-slim-bookworm

# --- the third parties that every service has ---------------------------------------------------
FROM ${PYTHON} AS shared
RUN python -m venv --without-pip /opt/clipforge
COPY requirements/shared.txt /tmp/requirements.txt
RUN pip --python /opt/clipforge/bin/python install --disable-pip-version-check --no-cache-dir \
    --require-hashes --only-binary :all: -r /tmp/requirements.txt

# --- those that one service has beside them -----------------------------------------------------
FROM shared AS dependencies
ARG SERVICE
COPY requirements/${SERVICE}.txt /tmp/requirements.txt
RUN mkdir /more && pip --python /opt/clipforge/bin/python install --disable-pip-version-check \
    --no-cache-dir --require-hashes --only-binary :all: --prefix /more -r /tmp/requirements.txt

# --- our own packages: the service, and the libraries that it declares --------------------------
FROM ${PYTHON} AS libraries
COPY requirements/build.txt /tmp/build.txt
RUN python -m venv /tmp/build && /tmp/build/bin/pip install --disable-pip-version-check \
    --no-cache-dir --require-hashes -r /tmp/build.txt
COPY libs /src/libs
RUN /tmp/build/bin/pip wheel --disable-pip-version-check -q --no-deps --no-build-isolation \
    -w /wheels /src/libs/*

FROM libraries AS code
COPY --from=shared /opt/clipforge /opt/clipforge
ARG SERVICE
COPY --from=dependencies /more /opt/clipforge
COPY services/${SERVICE} /src/services/${SERVICE}
# Nothing is fetched here: a third party that requirements/ lacks ends the build.
RUN /tmp/build/bin/pip wheel --disable-pip-version-check -q --no-deps --no-build-isolation \
    -w /wheels "/src/services/${SERVICE}" \
    && pip --python /opt/clipforge/bin/python install --disable-pip-version-check --no-index \
    --find-links /wheels --prefix /code "clipforge-${SERVICE}"

# --- what it runs on, and what is run -----------------------------------------------------------
FROM ${PYTHON} AS image
# tini, since the kernel spares process 1 a SIGTERM that it does not handle: Python would not end
# before its handlers are installed.
ARG PACKAGES=
RUN apt-get update && apt-get install -y --no-install-recommends tini ${PACKAGES} \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/log/*
ENV PATH=/opt/clipforge/bin:/usr/local/bin:/usr/bin:/bin \
    HOME=/tmp \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
WORKDIR /tmp
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/bin/tini", "--"]
CMD ["/bin/sh", "-c", "exec python -m \"clipforge_$(echo \"${SERVICE}\" | tr - _)\""]
COPY --from=shared /opt/clipforge /opt/clipforge
ARG SERVICE
COPY --from=dependencies /more /opt/clipforge
COPY --from=code /code /opt/clipforge
ARG VERSION=0.0.0
ARG REVISION=unknown
ENV SERVICE=${SERVICE}
LABEL org.opencontainers.image.title="clipforge-${SERVICE}" \
    org.opencontainers.image.version="${VERSION}" \
    org.opencontainers.image.revision="${REVISION}" \
    org.opencontainers.image.licenses="Apache-2.0"
USER 10001:10001
