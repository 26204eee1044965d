# The platform's services. `docker compose build`, or `docker build -t iotistic .`; the command is `iotistic`, by default `serve`.

FROM python:3.12-slim AS build
WORKDIR /source
COPY pyproject.toml README.md LICENSE ./
COPY src ./src
RUN python -m venv /opt/iotistic && /opt/iotistic/bin/pip install --no-cache-dir .

FROM python:3.12-slim
# A fixed number, so that a volume keeps its owner from one image to the next.
RUN useradd --system --uid 10001 --home-dir /var/lib/iotistic --create-home iotistic
COPY --from=build /opt/iotistic /opt/iotistic
ENV PATH=/opt/iotistic/bin:$PATH PYTHONUNBUFFERED=1 IOTISTIC_API_HOST=0.0.0.0 IOTISTIC_DATA_DIR=/var/lib/iotistic
USER iotistic
WORKDIR /var/lib/iotistic
VOLUME /var/lib/iotistic
EXPOSE 8080
# Ready means: database reached, schema at head, partitions made ahead.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=6 \
  CMD ["python", "-c", "import os, urllib.request as r; r.urlopen(f\"http://127.0.0.1:{os.environ.get('IOTISTIC_API_PORT', '8080')}/ready\", timeout=4)"]
ENTRYPOINT ["iotistic"]
CMD ["serve"]
