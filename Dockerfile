FROM python:3.12-slim
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PIP_NO_CACHE_DIR=1
WORKDIR /app
COPY requirements.txt constraints.txt ./
RUN pip install -r requirements.txt -c constraints.txt
COPY . .
# Compiled once, as root, so that the running user needs no write access to the program.
RUN python -m compileall -q cvstudio ml_core && \
    CVSTUDIO_ENV=dev CVSTUDIO_ENV_FILE=none SECRET_KEY=build-only python manage.py build_messages && \
    CVSTUDIO_ENV=prod CVSTUDIO_ENV_FILE=none ALLOWED_HOSTS=build SECRET_KEY=build-only-build-only-build-only-build-only-build-only \
    python manage.py collectstatic --noinput && \
    useradd --create-home --uid 1000 studio && mkdir /data && chown studio /data
USER studio
ENV CVSTUDIO_ENV=prod CVSTUDIO_ENV_FILE=none DATA_DIR=/data
VOLUME /data
EXPOSE 8000
CMD ["python", "manage.py", "runserver", "0.0.0.0:8000"]
