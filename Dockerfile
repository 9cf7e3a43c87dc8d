# mlmtune in a container. How to build, run and keep it: docs/serving.md
FROM python:3.11-slim

# Where pip finds torch: this index has it for processors only, without gigabytes of libraries for graphics cards.
# For graphics cards: --build-arg TORCH_INDEX=https://download.pytorch.org/whl/cu128
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu

RUN useradd --create-home --uid 10001 mlmtune && install --directory --owner mlmtune /data

WORKDIR /app
COPY requirements.txt ./
RUN pip install --no-cache-dir --extra-index-url "$TORCH_INDEX" --requirement requirements.txt
COPY app.py ./
COPY .streamlit .streamlit
COPY locale locale
COPY mlmtune_core mlmtune_core
COPY pages pages

USER mlmtune
ENV MLMTUNE_HOME=/data PYTHONUNBUFFERED=1
VOLUME /data
EXPOSE 8501
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
  CMD ["python", "-c", "import os, urllib.request as web; base = os.environ.get('STREAMLIT_SERVER_BASE_URL_PATH', '').strip('/'); web.urlopen('/'.join(filter(None, ['http://127.0.0.1:8501', base, 'health'])), timeout=4)"]
CMD ["python", "-m", "streamlit", "run", "app.py", "--server.address", "0.0.0.0", "--server.port", "8501"]
