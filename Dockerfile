# One image for every process of Vitte: bot, api, worker, beat, admin, backup and the migrations.
ARG PYTHON_VERSION=3.13

FROM python:${PYTHON_VERSION}-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
RUN python -m venv /opt/build && python -m venv --without-pip /opt/vitte
WORKDIR /src
# Wheels only, and each by its hash: nothing is compiled here, nothing unknown gets in.
COPY requirements/build.txt requirements/prod.txt requirements/
RUN /opt/build/bin/pip install --quiet --only-binary :all: --require-hashes -r requirements/build.txt \
    && /opt/build/bin/pip --python /opt/vitte/bin/python install --quiet \
        --only-binary :all: --require-hashes --no-compile -r requirements/prod.txt
COPY pyproject.toml README.md LICENSE ./
COPY src src
RUN /opt/build/bin/pip wheel --quiet --no-deps --no-build-isolation --wheel-dir /tmp/wheel . \
    && /opt/build/bin/pip --python /opt/vitte/bin/python install --quiet --no-deps --no-compile /tmp/wheel/*.whl \
    # By hash, not by date: the code is never written to again, and no start pays for a comparison.
    && /opt/vitte/bin/python -m compileall -q -j 0 --invalidation-mode unchecked-hash /opt/vitte/lib

FROM python:${PYTHON_VERSION}-slim
ENV PATH=/opt/vitte/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    # Where a process finds nothing that it was not told: no .env of the image's own.
    VITTE_ENV_FILE=
RUN groupadd --gid 10001 vitte && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent \
    --shell /usr/sbin/nologin vitte
# A volume that is mounted here for the first time gets owner and rights from the folder below it.
RUN install -d -o 10001 -g 10001 -m 0700 /backups
# The image of Python comes without byte code, and a root that cannot be written would never get any: every start,
# and every health check, would compile the standard library anew.
RUN python -m compileall -q -j 0 --invalidation-mode unchecked-hash -x '/(test|tests|site-packages|lib2to3|idlelib)/' \
    "$(python -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')"
COPY --from=build /opt/vitte /opt/vitte
USER 10001:10001
WORKDIR /tmp
ENTRYPOINT ["vitte"]
CMD ["--help"]
