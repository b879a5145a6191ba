# The service and its viewer, from this source tree:
#   docker build --tag simcash .
#   docker run --publish 127.0.0.1:8000:8000 --env SIMCASH_TOKEN=... --volume simcash:/data simcash
# Without SIMCASH_TOKEN the service refuses to listen on the container's address.
ARG PYTHON=3.13

FROM python:${PYTHON}-slim AS build
WORKDIR /source
COPY . .
RUN python -m venv /opt/simcash \
    && /opt/simcash/bin/pip install --no-cache-dir --constraint constraints.txt ".[service]"

FROM python:${PYTHON}-slim
COPY --from=build /opt/simcash /opt/simcash
RUN useradd --system --no-create-home --uid 10001 simcash \
    && install --directory --owner=simcash /data /var/cache/simcash
# Kernels are compiled for any processor of the architecture, so that those compiled here are valid on every host.
ENV PATH=/opt/simcash/bin:$PATH \
    SIMCASH_CACHE_DIR=/var/cache/simcash \
    NUMBA_CPU_NAME=generic
USER 10001
RUN simcash doctor --warm
WORKDIR /data
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --start-interval=2s CMD ["python", "-c", "\
import urllib.request as request; \
request.urlopen('http://127.0.0.1:8000/health', timeout=4)"]
CMD ["simcash", "serve", "--host", "0.0.0.0", "--port", "8000", "--db", "/data/simulations.db"]
