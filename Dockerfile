# VAT in a container, with the versions of constraints.txt (docs/containers.md):
#   docker build --target cpu -t vat:cpu .
#   docker build --target cuda -t vat:cuda .

FROM python:3.11-slim-bookworm AS wheel
WORKDIR /src
COPY . .
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /wheels .

FROM python:3.11-slim-bookworm AS base
# Any user may run it (--user); Snakemake keeps a cache in the home folder.
ENV HOME=/home/vat PYTHONUNBUFFERED=1
RUN mkdir -p /home/vat /data && chmod 1777 /home/vat /data
COPY constraints.txt /opt/vat/
COPY --from=wheel /wheels /opt/vat/wheels
WORKDIR /data
ENTRYPOINT ["vat"]
CMD ["--help"]

# Without torch: a registry's torch brings the libraries of CUDA along. With a torch for CPUs alone:
#   --build-arg EXTRAS=opus,pictures,separation --build-arg INDEX=ADDRESS of torch's own index
FROM base AS cpu
ARG EXTRAS=opus,pictures
ARG INDEX=
RUN wheel=$(ls /opt/vat/wheels/vat_subtitles-*.whl) \
    && pip install --no-cache-dir ${INDEX:+--extra-index-url "$INDEX"} -c /opt/vat/constraints.txt "${wheel}[${EXTRAS}]"
USER 1000

# The driver comes from the host, by the NVIDIA container toolkit; all other libraries by pip.
FROM base AS cuda
ARG EXTRAS=opus,pictures,separation,speakers,cuda
ENV NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility,video
RUN wheel=$(ls /opt/vat/wheels/vat_subtitles-*.whl) \
    && pip install --no-cache-dir -c /opt/vat/constraints.txt "${wheel}[${EXTRAS}]"
USER 1000
