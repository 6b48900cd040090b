# The testbed's programs, monitor and agents, as an ordinary user. The wheel is made before:
#   uv build --wheel && docker build --tag swf-testbed .
FROM python:3.11-slim-bookworm

ENV PYTHONUNBUFFERED=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    SWF_HOME=/data

WORKDIR /tmp/swf
COPY requirements.lock dist/*.whl ./
RUN pip install --no-cache-dir --require-hashes --requirement requirements.lock \
    && pip install --no-cache-dir --no-deps ./*.whl \
    && rm -r /tmp/swf \
    && useradd --uid 10001 --no-create-home --home-dir /data swf \
    && install --directory --owner=swf --mode=0700 /data

WORKDIR /data
VOLUME /data
USER 10001

# Whoever starts it says what it is: `testbed agent-manager`, `python -m swf_testbed.monitor serve`, ...
CMD ["testbed", "--help"]
